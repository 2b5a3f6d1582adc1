import BERT
import JSON
import Reports
import Training

/// What scores are worth: calibration, and what abstaining gives.
struct ScoreSummary {
    let calibration: Calibration?
    let coverage: CoverageCurve?
    /// The precisions that were asked for, each with what gives it; nil where nothing does.
    let wanted: [(precision: Double, point: AbstentionThreshold?)]

    var json: [(key: String, value: JSONValue)] {
        [
            ("calibration", calibration?.json ?? .null), ("coverage", coverage?.json ?? .null),
            ("abstention", .array(wanted.map(Self.json))),
        ]
    }

    /// Lines for people; the curve itself is for programs.
    var lines: [String] {
        var lines: [String] = []
        if let calibration {
            lines.append(
                "calibration error \(Figure.share(calibration.errorBefore)) before, \(Figure.share(calibration.errorAfter)) at temperature "
                    + "\(Figure.decimal(calibration.temperature, 3)) (\(calibration.rows) rows)")
        }
        for (precision, point) in wanted {
            guard let point else {
                lines.append("precision \(precision): no score is enough for it")
                continue
            }
            lines.append(
                "precision \(precision): abstain below \(Figure.share(point.threshold)), which covers \(Figure.share(point.coverage)) of the texts"
            )
        }
        return lines
    }

    static func json(_ wanted: (precision: Double, point: AbstentionThreshold?)) -> JSONValue {
        .object([
            ("wanted", .number(wanted.precision)), ("precision", .optional(wanted.point?.precision)),
            ("threshold", .optional(wanted.point?.threshold)), ("coverage", .optional(wanted.point?.coverage)),
        ])
    }
}

extension Calibration {
    fileprivate var json: JSONValue {
        .object([
            ("temperature", .number(temperature)), ("error_before", .number(errorBefore)),
            ("error_after", .number(errorAfter)),
            ("loss_before", .number(lossBefore)), ("loss_after", .number(lossAfter)), ("rows", .integer(rows)),
            ("bins_before", .array(binsBefore.map(Self.json))), ("bins_after", .array(binsAfter.map(Self.json))),
        ])
    }

    private static func json(_ bin: Bin) -> JSONValue {
        .object([
            ("lower", .number(bin.lower)), ("upper", .number(bin.upper)), ("count", .integer(bin.count)),
            ("mean_score", .number(bin.meanScore)), ("accuracy", .number(bin.accuracy)),
        ])
    }
}

extension CoverageCurve {
    fileprivate var json: JSONValue {
        .array(
            points.map {
                .object([
                    ("threshold", .number($0.threshold)), ("coverage", .number($0.coverage)),
                    ("precision", .number($0.precision)),
                ])
            })
    }
}
