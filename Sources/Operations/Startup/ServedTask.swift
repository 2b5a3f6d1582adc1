import AdapterRegistry
import BERT
import Drift
import Pipelines
import Serving

/// A task that a daemon serves with the live adapter of the adapter store.
public struct ServedTask: Sendable {
    /// What its adapter must be like, as the pipeline files say.
    public var form: AdapterRequirements
    /// Whether a pipeline file pauses its retraining.
    public var isPaused = false
    /// When the pipelines abstain.
    public var abstentions: [Abstention] = []
    /// From which distance on the pipelines give a text no label.
    public var noneOfThese: [NoneOfThese] = []
    /// The adapter of the folder that the file names: published and promoted where the store has no live one.
    public var firstAdapter: Adapter?
    /// The rows that the first adapter was trained on; nil if they are unknown.
    public var firstTrainingRows: TrainingRowSet?
    /// The drift reference in its folder; nil if there is none.
    public var firstReference: DriftReference?
    /// Why there is no first adapter though the file names one: its folder is gone. That matters only while the store
    /// has no live adapter.
    public var missingFolder: ConfigurationProblem?

    /// The same without the adapter of its folder, which has weights in memory.
    public var withoutFirstAdapter: ServedTask {
        var task = self
        (task.firstAdapter, task.firstTrainingRows, task.firstReference) = (nil, nil, nil)
        return task
    }
}
