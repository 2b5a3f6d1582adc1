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
        (try read(rows.input, as: "input"), try read([test], as: "test"))
    }

    /// Reads other rows of the same format.
    ///
    /// - Parameter name: of these rows, in what is said of them.
    func read(_ paths: [String], as name: String) throws -> [LabelledText] {
        let options = formatOptions.options(isMultiLabel: false)
        let (rows, side) = try RowsReport.measured(LabelledFile.collect(paths: paths, options: options))
        side.lines(of: name).forEach { StandardError.write($0) }
        return rows
    }
}
