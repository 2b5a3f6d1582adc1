/// The result of one epoch; `lorikeet train --json` prints one per line.
public struct EpochReport: Sendable, Codable, Equatable {
    /// The number of the epoch, from 1.
    public var epoch: Int
    /// Mean training loss per text.
    public var loss: Double
    /// Wall time of the epoch's training steps, without evaluation.
    public var seconds: Double
    /// Training texts per second.
    public var documentsPerSecond: Double
    /// Share of correct predictions on the validation rows; nil without validation rows.
    public var accuracy: Double?
    /// Unweighted mean of F1 over the labels; nil without validation rows.
    public var macroF1: Double?
    /// F1 over all labels and rows together, which is the accuracy if texts have one label each; nil without validation
    /// rows.
    public var microF1: Double?
    /// Mean negative log-likelihood on the validation rows; nil without.
    public var validationLoss: Double?
    /// What is wrong with the training so far.
    public var findings: [TrainingFinding]?

    /// A report without the metrics that only validation rows give, unless they are given.
    public init(
        epoch: Int, loss: Double, seconds: Double, documentsPerSecond: Double, accuracy: Double? = nil,
        macroF1: Double? = nil
    ) {
        self.epoch = epoch
        self.loss = loss
        self.seconds = seconds
        self.documentsPerSecond = documentsPerSecond
        self.accuracy = accuracy
        self.macroF1 = macroF1
    }

    enum CodingKeys: String, CodingKey {
        case epoch, loss, seconds, accuracy, findings
        case documentsPerSecond = "documents_per_second"
        case macroF1 = "macro_f1"
        case microF1 = "micro_f1"
        case validationLoss = "validation_loss"
    }
}
