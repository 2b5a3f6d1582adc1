import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet compare`: two adapters on the same labelled rows.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two adapters on the same labelled rows.",
        discussion: """
            Prints accuracy and macro-F1 of both, McNemar's test on the rows that only one
            of them predicts correctly, and a bootstrap confidence interval of the
            difference in macro-F1. The same seed gives the same interval.

            EXAMPLES
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv
              lorikeet compare adapters/old adapters/new \\
                  --base models/all-MiniLM-L6-v2 --input test.tsv \\
                  --report compare.html --json | jq .mcnemar_mid_p
            """)

    @Argument(
        help: ArgumentHelp("The adapter folder of the baseline, in PEFT's format.", valueName: "a"),
        completion: .directory)
    var first: String

    @Argument(
        help: ArgumentHelp("The adapter folder to compare with the baseline.", valueName: "b"), completion: .directory)
    var second: String

    @OptionGroup var baseOptions: BaseOptions
    @OptionGroup var labelOptions: LabelOptions
    @OptionGroup var rows: LabelledInputOption

    @Option(help: ArgumentHelp("Bootstrap resamples for the confidence interval.", valueName: "n"))
    var resamples = 2_000

    @Option(help: ArgumentHelp("Seed of the resamples.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var reportOptions: ReportOptions
    @OptionGroup var formatOptions: RowFormatOptions
    @OptionGroup var length: LengthOptions
    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard (1...1_000_000).contains(resamples) else {
            throw ValidationError("--resamples must be from 1 to 1000000")
        }
    }

    func run() throws {
        try reportOptions.check()
        let operation = try CompareOperation(
            CompareOperation.Request(
                base: baseOptions.base, first: first, second: second, labels: labelOptions.names, input: rows.input,
                rowOptions: formatOptions.options(isMultiLabel: false), maxTokens: length.maxTokens,
                workers: workerOptions.count, resamples: resamples, seed: seed))
        operation.input.note(json: output.json)
        var bar: (name: String, bar: ProgressBar)?
        let comparison = operation.run { name, done in
            if bar?.name != name {
                bar?.bar.clear()
                bar = (name, ProgressBar(name, unit: "texts"))
            }
            bar?.bar.update(done, of: operation.input.rows.count)
        }
        bar?.bar.clear()
        if output.json { try StandardOutput.shared.line(comparison.json.text) } else { try comparison.print() }
        try reportOptions.write(operation.page(comparison, showsTexts: reportOptions.reportTexts))
    }
}

extension AdapterComparison {
    fileprivate var json: JSONValue {
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
    fileprivate func print() throws(StandardOutputError) {
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
