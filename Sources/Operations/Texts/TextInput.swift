import Training

/// The texts of `classify`, `tokenize` and benchmarks: a file, or standard input line by line as it arrives.
public struct TextInput: Sendable {
    /// The file; `-` is standard input.
    public let path: String
    /// The format of standard input and of files with other endings; nil: one text per line.
    public let format: RowFormat?
    /// The column of the texts, by name or by number from 1; nil: found by its name.
    public let textColumn: String?

    /// Texts per batch: enough to keep all cores busy.
    static let batchSize = 2048

    /// An input that has not been opened.
    public init(path: String, format: RowFormat? = nil, textColumn: String? = nil) {
        (self.path, self.format, self.textColumn) = (path, format, textColumn)
    }

    /// What errors call it.
    private var name: String { path == "-" ? "standard input" : path }
    private var isStream: Bool { path == "-" && format == nil }

    /// Calls the body with the texts, in order.
    ///
    /// Lines of standard input are handed over as soon as they arrive, so that `tail -f … | lorikeet classify …` works.
    /// With a format, all of the input is read first.
    ///
    /// - Parameter body: gets a batch, how many texts have been handed over with it, and how many there are; nil if
    ///   that is unknown.
    public func forEachBatch(_ body: ([String], _ done: Int, _ total: Int?) throws -> Void) throws {
        if isStream {
            var lines = LineReader(descriptor: 0, name: name)
            var done = 0
            while let batch = try lines.next(atMost: Self.batchSize) {
                done += batch.count
                try body(batch, done, nil)
            }
            return
        }
        let texts = try read()
        for start in stride(from: 0, to: texts.count, by: Self.batchSize) {
            let end = min(start + Self.batchSize, texts.count)
            try body(Array(texts[start..<end]), end, texts.count)
        }
    }

    /// All texts, or the first `limit`.
    ///
    /// - Throws: a failure if there are none.
    public func texts(limit: Int?) throws -> [String] {
        let limit = max(0, limit ?? .max)
        var lines = LineReader(descriptor: 0, name: name)
        let texts = try isStream ? Self.texts(of: &lines, limit: limit) : Array(read().prefix(limit))
        guard !texts.isEmpty else { throw CommandFailure(.failed, "\(name): no texts") }
        return texts
    }

    /// The first texts of a stream, which may go on.
    static func texts(of lines: inout LineReader, limit: Int) throws -> [String] {
        var texts: [String] = []
        while texts.count < limit, let batch = try lines.next(atMost: limit - texts.count) { texts += batch }
        return texts
    }

    private func read() throws(DatasetError) -> [String] {
        try LabelledFile.readTexts(path: path, format: format, textColumn: textColumn)
    }
}
