import AdapterRegistry
import BERT
import Pipelines
import Serving

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
                if pipeline.retrain?.paused.contains(task.name) == true { served.isPaused = true }
                if let abstention = task.abstention { served.abstentions.append(abstention) }
                if let noneOfThese = task.noneOfThese { served.noneOfThese.append(noneOfThese) }
                if served.firstAdapter == nil {
                    do throws(ConfigurationError) {
                        served.firstAdapter = try firstAdapter(of: task, in: pipeline, among: pipelines)
                        if let adapter = served.firstAdapter {
                            served.firstTrainingRows = try trainingRows(of: adapter, of: task, in: pipeline)
                            served.firstReference = try driftReference(of: adapter, of: task, in: pipeline)
                        }
                    } catch {
                        problems += error.problems
                    }
                }
                if let folder = task.adapter, !Self.isFolder(folder) {
                    served.missingFolder = pipeline.problem(
                        at: "tasks.\(task.name).adapter",
                        "there is no folder \(folder), and the adapter store has no live adapter of the task")
                }
                tasks[task.name] = served
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return tasks
    }
}
