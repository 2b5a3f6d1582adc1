import Training

/// How the retraining path goes about a task.
public struct RetrainingSettings: Sendable, Equatable {
    public var training = TrainingSettings()
    /// The newest rows that are read at most.
    public var maximumRows = 100_000
    /// Fewer rows to train on are not worth it.
    public var minimumTraining = 20
    public var holdOut = HoldOut()
    public var gate = PromotionGate()
    /// Whether training may go on from the champion where its base and shape are the same and the task has all its labels.
    public var startsFromChampion = true

    public init() {
        // Without rows of its own to decide on, the last epoch counts.
        training.epochSelection = .last
    }
}
