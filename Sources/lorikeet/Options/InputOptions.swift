import ArgumentParser
import Daemon
import Training

/// `--input`: texts, from a file or from standard input as they arrive.
struct InputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Texts: .tsv (label<TAB>text), .jsonl ({\"text\":…}) or one a line; - or nothing: lines of standard input.", valueName: "file"),
        completion: .file())
    var input = "-"

    /// What errors call it.
    var name: String { input == "-" ? "standard input" : input }

    /// Texts that are worked on together: enough to keep all cores busy.
    static let batchSize = 2048

    /// Calls the body with the texts, in order, and flushes standard output after each call.
    ///
    /// A line of standard input is answered as soon as it is there: `tail -f … | lorikeet classify …` works.
    func forEachBatch(title: String, _ body: ([String]) throws -> Void) throws {
        if input == "-" {
            var lines = LineReader(descriptor: 0, name: name)
            while let batch = try lines.next(atMost: Self.batchSize) {
                try body(batch)
                try StandardOutput.shared.flush()
            }
            return
        }
        let texts = try LabelledFile.readTexts(path: input)
        let progress = ProgressBar(title, unit: "texts", isShown: StandardError.isTerminal && !Terminal.showsStandardOutput)
        defer { progress.clear() }
        for start in stride(from: 0, to: texts.count, by: Self.batchSize) {
            let end = min(start + Self.batchSize, texts.count)
            try body(Array(texts[start..<end]))
            try StandardOutput.shared.flush()
            progress.update(end, of: texts.count)
        }
    }

    /// All texts at once, or the first so many of them.
    func texts(limit: Int?) throws -> [String] {
        var texts: [String] = []
        if input == "-" {
            var lines = LineReader(descriptor: 0, name: name)
            while let batch = try lines.next(atMost: .max) { texts += batch }
        } else {
            texts = try LabelledFile.readTexts(path: input)
        }
        if let limit { texts = Array(texts.prefix(limit)) }
        guard !texts.isEmpty else { throw CommandFailure(.failed, "\(name): no texts") }
        return texts
    }
}
