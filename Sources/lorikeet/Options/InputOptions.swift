import ArgumentParser
import Operations
import Reports
import Training

/// `--input`: texts, from a file or from standard input as they arrive.
struct InputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Texts: .tsv, .csv, .jsonl or .json, as train reads them, or one per line; - or nothing: standard input.",
            valueName: "file"),
        completion: .file())
    var input = "-"

    @Option(
        help: ArgumentHelp(
            "Format of standard input and of files of other endings: tsv, csv, jsonl or json. Default: lines.",
            valueName: "format"))
    var format: RowFormat?

    @Option(
        help: ArgumentHelp(
            "The column, or member of JSON objects, that holds the texts: its name, or its number from 1.",
            valueName: "name"))
    var textColumn: String?

    /// What errors call it.
    var name: String { input == "-" ? "standard input" : input }

    /// The same input for a process of its own.
    var arguments: [String] {
        ["--input", input] + (format.map { ["--format", $0.rawValue] } ?? [])
            + (textColumn.map { ["--text-column", $0] } ?? [])
    }

    /// Texts that are worked on together: enough to keep all cores busy.
    static let batchSize = 2048

    func validate() throws {
        guard textColumn == nil || format != nil || RowFormat.isKnown(ending: input) else {
            throw ValidationError(
                "--text-column needs --format, where the input is standard input or a file of another ending")
        }
    }

    /// Calls the body with the texts, in order, and flushes standard output after each call.
    ///
    /// A line of standard input is answered as soon as it is there: `tail -f … | lorikeet classify …` works. With a
    /// format all of it is read first.
    func forEachBatch(title: String, _ body: ([String]) throws -> Void) throws {
        if isLines {
            var lines = LineReader(descriptor: 0, name: name)
            while let batch = try lines.next(atMost: Self.batchSize) {
                try body(batch)
                try StandardOutput.shared.flush()
            }
            return
        }
        let texts = try read()
        let progress = ProgressBar(
            title, unit: "texts", isShown: StandardError.isTerminal && !Terminal.showsStandardOutput)
        defer { progress.clear() }
        for start in stride(from: 0, to: texts.count, by: Self.batchSize) {
            let end = min(start + Self.batchSize, texts.count)
            try body(Array(texts[start..<end]))
            try StandardOutput.shared.flush()
            progress.update(end, of: texts.count)
        }
    }

    private var isLines: Bool { input == "-" && format == nil }

    private func read() throws -> [String] {
        try LabelledFile.readTexts(path: input, format: format, textColumn: textColumn)
    }

    /// All texts at once, or the first so many of them.
    func texts(limit: Int?) throws -> [String] {
        var texts: [String] = []
        if isLines {
            var lines = LineReader(descriptor: 0, name: name)
            while let batch = try lines.next(atMost: .max) { texts += batch }
        } else {
            texts = try read()
        }
        if let limit { texts = Array(texts.prefix(limit)) }
        guard !texts.isEmpty else { throw CommandFailure(.failed, "\(name): no texts") }
        return texts
    }
}
