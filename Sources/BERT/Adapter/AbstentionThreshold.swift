/// A score below which to abstain, with the precision and coverage that it gives on validation rows.
public struct AbstentionThreshold: Sendable, Codable, Equatable {
    /// The share of right labels among those given.
    public var precision: Double
    /// A text gets its label if the score is at least this.
    public var threshold: Double
    /// The share of texts that get a label.
    public var coverage: Double

    /// A threshold with these figures.
    public init(precision: Double, threshold: Double, coverage: Double) {
        self.precision = precision
        self.threshold = threshold
        self.coverage = coverage
    }

    var isValid: Bool { [precision, threshold, coverage].allSatisfy((0...1).contains) }
}
