import ArgumentParser
import Operations
import Reports
import Training

/// `--input`, `--test` and `--seeds`: benchmarks that train on rows and measure on others, several times.
struct TestedRowsOptions: ParsableArguments {
    @OptionGroup var rows: LabelledInputOption

    @Option(
        help: ArgumentHelp("Labelled rows to measure on.", valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl", "json"]))
    var test: String

    @OptionGroup var formatOptions: RowFormatOptions

    @Option(help: ArgumentHelp("Runs to average over, each with the next seed.", valueName: "n"))
    var seeds = 3

    func validate() throws {
        guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1") }
    }

    /// Reads both, and says on standard error what is wrong with rows.
    func read() throws -> (rows: [LabelledText], test: [LabelledText]) {
        let options = formatOptions.options(isMultiLabel: false)
        let (all, side) = try RowsReport.measured(LabelledFile.collect(paths: rows.input, options: options))
        let (measured, testSide) = try RowsReport.measured(LabelledFile.collect(paths: [test], options: options))
        (side.lines(of: "input") + testSide.lines(of: "test")).forEach { StandardError.write($0) }
        return (all, measured)
    }
}
