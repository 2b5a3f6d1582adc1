import ArgumentParser
import Operations
import Reports
import Training

/// `--input`: the texts of `classify`, `tokenize` and benchmarks.
struct InputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Texts: .tsv, .csv, .jsonl or .json, as train reads them; other files: one text per line; "
                + "-: standard input.", valueName: "file"),
        completion: .file())
    var input = "-"

    @Option(
        help: ArgumentHelp(
            "Format of standard input, and of files that do not end in .tsv, .csv, .jsonl or .json. "
                + "Default: one text per line.", valueName: "format"))
    var format: RowFormat?

    @Option(
        help: ArgumentHelp(
            "Column or JSON member that holds the texts, by name or by number from 1.", valueName: "name"))
    var textColumn: String?

    func validate() throws {
        guard textColumn == nil || format != nil || RowFormat.isKnown(ending: input) else {
            throw ValidationError("--text-column needs --format, unless the file ends in .tsv, .csv, .jsonl or .json")
        }
    }

    private var texts: TextInput { TextInput(path: input, format: format, textColumn: textColumn) }

    /// The same input as arguments for another process.
    var arguments: [String] {
        ["--input", input] + (format.map { ["--format", $0.rawValue] } ?? [])
            + (textColumn.map { ["--text-column", $0] } ?? [])
    }

    /// All texts, or the first `limit`.
    func texts(limit: Int?) throws -> [String] { try texts.texts(limit: limit) }

    /// Calls the body with the texts, in order, and flushes standard output after each call.
    func forEachBatch(title: String, _ body: ([String]) throws -> Void) throws {
        // Results that scroll over the terminal are progress enough.
        let progress = ProgressBar(
            title, unit: "texts", isShown: StandardError.isTerminal && !StandardOutput.isTerminal)
        defer { progress.clear() }
        try texts.forEachBatch { texts, done, total in
            try body(texts)
            try StandardOutput.shared.flush()
            if let total { progress.update(done, of: total) }
        }
    }
}
