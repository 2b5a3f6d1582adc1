import AdapterRegistry
import BERT
import Pipelines
import Serving

/// A task whose live adapter a daemon keeps.
public struct KeptTask: Sendable {
    /// As the pipeline files give them.
    public var form: TaskForm
    /// When the pipelines abstain.
    public var abstentions: [Abstention] = []
    /// Published and promoted where the registry has no live adapter of the task.
    public var first: Adapter?
    /// Why there is no first adapter though the file names one: its folder is gone. No matter while the registry has one.
    public var missingFolder: ConfigurationProblem?
}

extension LoadedBase {
    /// The tasks of all pipelines that use one database, with their first adapters.
    ///
    /// - Throws: for folders that are there and hold no usable adapter, or one with other labels.
    public func keptTasks(of pipelines: [PipelineConfiguration]) throws(ConfigurationError) -> [String: KeptTask] {
        var tasks: [String: KeptTask] = [:]
        var problems: [ConfigurationProblem] = []
        for pipeline in pipelines {
            for task in pipeline.tasks {
                var kept = tasks[task.name] ?? KeptTask(form: task.form)
                if let abstention = task.abstention { kept.abstentions.append(abstention) }
                if kept.first == nil, let folder = task.adapter {
                    if Self.isFolder(folder) {
                        do throws(ConfigurationError) {
                            kept.first = try firstAdapter(of: task, in: pipeline, among: pipelines)
                        } catch {
                            problems += error.problems
                        }
                    } else {
                        kept.missingFolder = pipeline.problem(
                            at: "tasks.\(task.name).adapter",
                            "there is no folder \(folder), and the registry has no live adapter of the task")
                    }
                }
                tasks[task.name] = kept
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return tasks
    }
}
