import ArgumentParser
import JSON
import Operations
import Reports

extension AdapterComparison {
    var json: JSONValue {
        func side(_ side: Side) -> JSONValue {
            .object([
                ("name", .string(side.name)), ("digest", .string(side.adapter.digest)),
                ("accuracy", .number(side.evaluation.accuracy)), ("macro_f1", .number(side.evaluation.macroF1)),
            ])
        }
        let (interval, agreement) = (test.macroF1Interval, test.agreement)
        return .object([
            ("rows", .integer(rows.count)), ("first", side(first)), ("second", side(second)),
            ("accuracy_difference", .number(test.accuracyDifference)),
            ("macro_f1_difference", .number(test.macroF1Difference)),
            ("macro_f1_interval", .array([.number(interval.lower), .number(interval.upper)])),
            ("second_is_better", .number(test.secondIsBetter)), ("resamples", .integer(test.resamples)),
            (
                "agreement",
                .object([
                    ("both", .integer(agreement.both)), ("only_first", .integer(agreement.onlyFirst)),
                    ("only_second", .integer(agreement.onlySecond)), ("neither", .integer(agreement.neither)),
                ])
            ),
            ("mcnemar_exact_p", .number(test.exactP)), ("mcnemar_mid_p", .number(test.midP)),
            ("verdict", .string(verdict)), ("per_label", .array(labels.map(Self.json))),
        ])
    }

    private static func json(_ pair: LabelPair) -> JSONValue {
        .object([
            ("label", .string(pair.label)), ("first_f1", .number(pair.first)), ("second_f1", .number(pair.second)),
            ("support", .integer(pair.support)),
        ])
    }

    /// Writes the tables to standard output.
    func print() throws(StandardOutputError) {
        var summary = TextTable(.left("adapter"), .right("accuracy"), .right("macro-F1"))
        for side in [first, second] {
            summary.add(side.name, Figure.share(side.evaluation.accuracy), Figure.share(side.evaluation.macroF1))
        }
        summary.add(
            "difference, points", Figure.points(test.accuracyDifference), Figure.points(test.macroF1Difference))
        try summary.print()
        let (agreement, interval) = (test.agreement, test.macroF1Interval)
        let (low, high) = (Figure.points(interval.lower), Figure.points(interval.upper))
        for line in [
            "",
            "\(rows.count) rows: both correct \(agreement.both), only \(first.name) \(agreement.onlyFirst), "
                + "only \(second.name) \(agreement.onlySecond), neither \(agreement.neither)",
            "McNemar: exact p \(Figure.probability(test.exactP)), mid-p \(Figure.probability(test.midP))",
            "macro-F1 difference, 95 % confidence interval (\(test.resamples) resamples): \(low) to \(high) points",
            verdict, "",
        ] { try StandardOutput.shared.line(line) }
        var table = TextTable(
            .left("label"), .right("F1 \(first.name)"), .right("F1 \(second.name)"), .right("points"), .right("rows"))
        for pair in labels {
            table.add(
                pair.label, Figure.share(pair.first), Figure.share(pair.second),
                Figure.points(pair.second - pair.first), String(pair.support))
        }
        try table.print()
    }
}
