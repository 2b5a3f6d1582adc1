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
    /// Something to say to a person now, such as that the training starts again.
    public var notice: String?

    /// Progress that says something, before the first step.
    public init(notice: String) {
        self.init(
            epoch: 1, epochs: 1, step: 0, steps: 0, loss: 0, rate: 0, documentsPerSecond: 0, secondsLeft: 0,
            notice: notice)
    }

    init(
        epoch: Int, epochs: Int, step: Int, steps: Int, loss: Double, rate: Float, documentsPerSecond: Double,
        secondsLeft: Double, finishedEpoch: EpochReport? = nil, notice: String? = nil
    ) {
        (self.epoch, self.epochs, self.step, self.steps) = (epoch, epochs, step, steps)
        (self.loss, self.rate, self.documentsPerSecond) = (loss, rate, documentsPerSecond)
        (self.secondsLeft, self.finishedEpoch, self.notice) = (secondsLeft, finishedEpoch, notice)
    }

    /// Share of all steps that are taken.
    public var fraction: Double { steps == 0 ? 0 : Double(step) / Double(steps) }
}
