import BERT
import Foundation
import JSON
import Training

/// Two adapters on the same rows: for people, for programs, and as a page.
public struct AdapterComparison {
    /// One of the two.
    public struct Side {
        let name: String
        let adapter: Adapter
        let evaluation: Evaluation
        public let predictions: [Prediction]

        public init(name: String, adapter: Adapter, evaluation: Evaluation, predictions: [Prediction]) {
            (self.name, self.adapter) = (name, adapter)
            (self.evaluation, self.predictions) = (evaluation, predictions)
        }
    }

    let first: Side
    let second: Side
    let rows: [LabelledText]
    let test: PairedComparison

    public init(first: Side, second: Side, rows: [LabelledText], test: PairedComparison) {
        self.first = first
        self.second = second
        self.rows = rows
        self.test = test
    }

    /// One label's F1 by both.
    struct LabelPair {
        let label: String
        let first: Double
        let second: Double
        let support: Int
    }

    /// Labels of either, those that differ most first.
    var labels: [LabelPair] {
        let known = Dictionary(second.evaluation.perLabel.map { ($0.label, $0) }) { first, _ in first }
        let shared = Set(first.evaluation.perLabel.map(\.label))
        let pairs =
            first.evaluation.perLabel.map {
                LabelPair(label: $0.label, first: $0.f1, second: known[$0.label]?.f1 ?? 0, support: $0.support)
            }
            + second.evaluation.perLabel.filter { !shared.contains($0.label) }.map {
                LabelPair(label: $0.label, first: 0, second: $0.f1, support: $0.support)
            }
        return pairs.sorted { (abs($0.second - $0.first), $1.label) > (abs($1.second - $1.first), $0.label) }
    }

    /// What the figures allow to say.
    var verdict: String {
        let interval = test.macroF1Interval
        let agrees = test.midP < 0.05
        if interval.lower > 0, agrees {
            return "\(second.name) is better: chance alone would hardly show such a difference."
        }
        if interval.upper < 0, agrees {
            return "\(first.name) is better: chance alone would hardly show such a difference."
        }
        if !agrees, interval.lower <= 0, interval.upper >= 0 {
            return "No difference that chance could not explain on these rows."
        }
        return "The two tests disagree: one sees a difference, the other none; more rows would tell."
    }

    public var json: JSONValue {
        func side(_ side: Side) -> JSONValue {
            .object([
                ("name", .string(side.name)), ("digest", .string(side.adapter.digest)),
                ("accuracy", .number(side.evaluation.accuracy)), ("macro_f1", .number(side.evaluation.macroF1)),
            ])
        }
        return .object([
            ("rows", .integer(rows.count)), ("first", side(first)), ("second", side(second)),
            ("accuracy_difference", .number(test.accuracyDifference)),
            ("macro_f1_difference", .number(test.macroF1Difference)),
            ("macro_f1_interval", .array([.number(test.macroF1Interval.lower), .number(test.macroF1Interval.upper)])),
            ("second_is_better", .number(test.secondIsBetter)), ("resamples", .integer(test.resamples)),
            (
                "agreement",
                .object([
                    ("both", .integer(test.agreement.both)), ("only_first", .integer(test.agreement.onlyFirst)),
                    ("only_second", .integer(test.agreement.onlySecond)), ("neither", .integer(test.agreement.neither)),
                ])
            ),
            ("mcnemar_exact_p", .number(test.exactP)), ("mcnemar_mid_p", .number(test.midP)),
            ("verdict", .string(verdict)),
            (
                "per_label",
                .array(
                    labels.map {
                        .object([
                            ("label", .string($0.label)), ("first_f1", .number($0.first)),
                            ("second_f1", .number($0.second)),
                            ("support", .integer($0.support)),
                        ])
                    })
            ),
        ])
    }

    /// Writes the tables to standard output.
    public func print() throws(StandardOutputError) {
        var summary = TextTable(.left("adapter"), .right("accuracy"), .right("macro-F1"))
        for side in [first, second] {
            summary.add(side.name, Figure.share(side.evaluation.accuracy), Figure.share(side.evaluation.macroF1))
        }
        summary.add(
            "difference, points", Figure.points(test.accuracyDifference),
            Figure.points(test.macroF1Difference))
        try summary.print()
        let (agreement, interval) = (test.agreement, test.macroF1Interval)
        for line in [
            "",
            "\(rows.count) rows: \(agreement.both) both right, \(agreement.onlyFirst) only \(first.name), \(agreement.onlySecond) only "
                + "\(second.name), \(agreement.neither) none",
            "McNemar: exact p \(Figure.probability(test.exactP)), mid-p \(Figure.probability(test.midP))",
            "macro-F1, 95 % of \(test.resamples) paired samples: \(Figure.points(interval.lower)) to "
                + "\(Figure.points(interval.upper)) points",
            verdict, "",
        ] { try StandardOutput.shared.line(line) }
        var table = TextTable(
            .left("label"), .right("F1 \(first.name)"), .right("F1 \(second.name)"), .right("points"), .right("rows"))
        for pair in labels {
            table.add(
                pair.label, Figure.share(pair.first), Figure.share(pair.second),
                Figure.points(pair.second - pair.first),
                String(pair.support))
        }
        try table.print()
    }
}
