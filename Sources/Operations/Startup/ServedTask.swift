import AdapterRegistry
import BERT
import Pipelines
import Serving

/// A task that a daemon serves with the live adapter of the adapter store.
public struct ServedTask: Sendable {
    /// What its adapter must be like, as the pipeline files say.
    public var form: AdapterRequirements
    /// When the pipelines abstain.
    public var abstentions: [Abstention] = []
    /// The adapter of the folder that the file names: published and promoted where the store has no live one.
    public var firstAdapter: Adapter?
    /// The rows that the first adapter was trained on; nil if they are unknown.
    public var firstTrainingRows: TrainingRowSet?
    /// Why there is no first adapter though the file names one: its folder is gone. That matters only while the store
    /// has no live adapter.
    public var missingFolder: ConfigurationProblem?
}

extension LoadedBase {
    /// The tasks of all pipelines that share one database, with their first adapters.
    ///
    /// - Throws: for folders that exist and hold no usable adapter, or one with other labels.
    public func servedTasks(of pipelines: [PipelineConfiguration]) throws(ConfigurationError) -> [String: ServedTask] {
        var tasks: [String: ServedTask] = [:]
        var problems: [ConfigurationProblem] = []
        for pipeline in pipelines {
            for task in pipeline.tasks {
                var served = tasks[task.name] ?? ServedTask(form: task.form)
                if let abstention = task.abstention { served.abstentions.append(abstention) }
                if served.firstAdapter == nil {
                    do throws(ConfigurationError) {
                        served.firstAdapter = try firstAdapter(of: task, in: pipeline, among: pipelines)
                        if let adapter = served.firstAdapter {
                            served.firstTrainingRows = try trainingRows(of: adapter, of: task, in: pipeline)
                        }
                    } catch {
                        problems += error.problems
                    }
                }
                if let folder = task.adapter, !Self.isFolder(folder) {
                    served.missingFolder = pipeline.problem(
                        at: "tasks.\(task.name).adapter",
                        "there is no folder \(folder), and the registry has no live adapter of the task")
                }
                tasks[task.name] = served
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return tasks
    }
}
