/// Where a training stands.
public struct TrainingProgress: Sendable {
    /// From 1.
    public var epoch: Int
    public var epochs: Int
    /// Steps done, of all epochs.
    public var step: Int
    public var steps: Int
    /// Mean loss a text over the last steps.
    public var loss: Double
    /// Of the step just done.
    public var rate: Float
    /// Training texts a second, in this epoch.
    public var documentsPerSecond: Double
    /// An estimate, evaluation left out.
    public var secondsLeft: Double
    /// The report of an epoch that has just ended.
    public var finishedEpoch: EpochReport?

    /// Share of all steps that are done.
    public var fraction: Double { steps == 0 ? 0 : Double(step) / Double(steps) }
}
