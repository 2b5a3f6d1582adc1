/// What one epoch of training came to; `lorikeet train --json` prints one a line.
public struct EpochReport: Sendable, Codable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Mean training loss a text.
    public var loss: Double
    /// Wall time of the epoch's training steps, evaluation left out.
    public var seconds: Double
    /// Training texts a second.
    public var documentsPerSecond: Double
    /// Share of right answers on the validation rows; nil without validation rows.
    public var accuracy: Double?
    /// Unweighted mean of F1 over the labels; nil without validation rows.
    public var macroF1: Double?
    /// F1 over all labels and rows together; of a task with one label a text this is the accuracy. nil without validation rows.
    public var microF1: Double?
    /// Mean negative log-likelihood on the validation rows; nil without.
    public var validationLoss: Double?

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
        case epoch, loss, seconds, accuracy
        case documentsPerSecond = "documents_per_second"
        case macroF1 = "macro_f1"
        case microF1 = "micro_f1"
        case validationLoss = "validation_loss"
    }
}
