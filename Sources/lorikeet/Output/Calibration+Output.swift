import BERT
import JSON
import Reports
import Training

extension Calibration {
    var json: JSONValue {
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
    var json: JSONValue {
        .array(
            points.map {
                .object([
                    ("threshold", .number($0.threshold)), ("coverage", .number($0.coverage)),
                    ("precision", .number($0.precision)),
                ])
            })
    }
}
