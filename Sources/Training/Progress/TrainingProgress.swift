/// The progress of a training.
public struct TrainingProgress: Sendable {
    /// The current epoch, from 1.
    public var epoch: Int
    /// Epochs of the whole training.
    public var epochs: Int
    /// Steps taken, of all epochs.
    public var step: Int
    /// Steps of the whole training.
    public var steps: Int
    /// Mean loss per text over the last steps.
    public var loss: Double
    /// Learning rate of the last step.
    public var rate: Float
    /// Training texts per second in this epoch.
    public var documentsPerSecond: Double
    /// An estimate, without evaluation.
    public var secondsLeft: Double
    /// The report of an epoch that has just ended.
    public var finishedEpoch: EpochReport?

    /// Share of all steps that are taken.
    public var fraction: Double { steps == 0 ? 0 : Double(step) / Double(steps) }
}
