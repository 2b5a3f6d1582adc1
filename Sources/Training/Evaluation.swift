/// Predictions against the truth.
public struct Evaluation: Sendable, Codable, Equatable {
    /// One label's figures.
    public struct LabelFigures: Sendable, Codable, Equatable {
        public var label: String
        public var precision: Double
        public var recall: Double
        public var f1: Double
        /// Rows that truly have the label.
        public var support: Int
    }

    public var accuracy: Double
    /// Unweighted mean of F1 over the labels that occur in truth or prediction.
    public var macroF1: Double
    public var perLabel: [LabelFigures]
    /// `confusion[truth][predicted]`, in the order of `labels`.
    public var confusion: [[Int]]
    public var labels: [String]

    enum CodingKeys: String, CodingKey {
        case accuracy, confusion, labels
        case macroF1 = "macro_f1"
        case perLabel = "per_label"
    }

    /// - Parameters:
    ///   - truth: the true label of each row; a label outside `labels` counts as a label of its own.
    ///   - predicted: the predicted label of each row, as many as `truth`.
    public init(truth: [String], predicted: [String], labels: [String]) {
        accuracy = 0
        macroF1 = 0
        perLabel = []
        confusion = []
        self.labels = labels
    }
}
