/// A score below which to abstain, and what that gains and costs, as found on validation rows.
public struct AbstentionThreshold: Sendable, Codable, Equatable {
    /// Share of the labels given that are right.
    public var precision: Double
    /// Texts whose best score is at least this get their label.
    public var threshold: Double
    /// Share of texts that they are.
    public var coverage: Double

    public init(precision: Double, threshold: Double, coverage: Double) {
        self.precision = precision
        self.threshold = threshold
        self.coverage = coverage
    }

    var isValid: Bool { [precision, threshold, coverage].allSatisfy((0...1).contains) }
}
