import FoundationEssentials
import Retraining

/// What the scheduler knows of the retraining of a task.
struct TaskRetraining: Sendable {
    /// Labelled rows since the last retraining; nil before the first look at the database.
    var newRows: Int?
    /// Of the pipeline file.
    var minimumNewRows: Int
    /// Whether the pipeline file pauses it.
    var isPaused: Bool
    /// Nil while this daemon runs none.
    var runningSince: Date?
    /// Whoever started it; nil also before the first look.
    var last: RetrainingRecord?
}
