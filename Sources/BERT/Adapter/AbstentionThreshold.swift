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

/// How far scores were from the share of right answers, on the rows that the temperature was fitted on.
public struct CalibrationFigures: Sendable, Codable, Equatable {
    /// Expected calibration error at temperature 1.
    public var errorBefore: Double
    /// The same at the fitted temperature.
    public var errorAfter: Double
    /// Validation rows.
    public var rows: Int

    public init(errorBefore: Double, errorAfter: Double, rows: Int) {
        self.errorBefore = errorBefore
        self.errorAfter = errorAfter
        self.rows = rows
    }

    private enum CodingKeys: String, CodingKey {
        case rows
        case errorBefore = "error_before"
        case errorAfter = "error_after"
    }
}

extension AdapterManifest {
    /// The lowest threshold known to give labels of this precision; nil where none is known to.
    public func abstention(forPrecision precision: Double) -> AbstentionThreshold? {
        (abstention ?? []).filter { $0.precision >= precision }.max { $0.coverage < $1.coverage }
    }
}
