import BERT
import JSON
import Reports
import Training

/// The output of calibration and abstention, as lines or as JSON.
struct ScoreOutput {
    let calibration: Calibration?
    let coverage: CoverageCurve?
    /// The requested precisions, each with its abstention threshold; nil where no threshold reaches it.
    let thresholds: [(precision: Double, threshold: AbstentionThreshold?)]

    var json: [(key: String, value: JSONValue)] {
        [
            ("calibration", calibration?.json ?? .null), ("coverage", coverage?.json ?? .null),
            ("abstention", .array(thresholds.map(Self.json))),
        ]
    }

    /// For people; the coverage curve is for programs only.
    var lines: [String] {
        var lines: [String] = []
        if let calibration {
            lines.append(
                "expected calibration error: \(Figure.share(calibration.errorBefore)) before, "
                    + "\(Figure.share(calibration.errorAfter)) after temperature "
                    + "\(Figure.decimal(calibration.temperature, 3)) (\(calibration.rows) rows)")
        }
        for (precision, threshold) in thresholds {
            guard let threshold else {
                lines.append("precision \(precision): no abstention threshold reaches it")
                continue
            }
            lines.append(
                "precision \(precision): abstention threshold \(Figure.share(threshold.threshold)), "
                    + "coverage \(Figure.share(threshold.coverage))")
        }
        return lines
    }

    private static func json(_ requested: (precision: Double, threshold: AbstentionThreshold?)) -> JSONValue {
        let threshold = requested.threshold
        return .object([
            ("wanted", .number(requested.precision)), ("precision", .optional(threshold?.precision)),
            ("threshold", .optional(threshold?.threshold)), ("coverage", .optional(threshold?.coverage)),
        ])
    }
}
