import JSON

/// Reads rows from JSON: an object per line, an array of objects, or objects one after the other.
///
/// Half of a surrogate pair becomes U+FFFD, as in the serving path.
struct JSONRowReader {
    private let bytes: ArraySlice<UInt8>
    private var record: JSONRowParser

    init(bytes: ArraySlice<UInt8>, options: RowOptions) {
        self.bytes = bytes
        record = JSONRowParser(options)
    }

    /// - Parameter asLines: whether each line is a document, unless the file is an array.
    mutating func read(asLines: Bool, into rows: inout RowCollection) throws(DatasetError) {
        rows.noteTable(isNamed: true, maybeHeading: false)
        if bytes.first(where: { !Self.isBlank($0) }) == UInt8(ascii: "[") {
            return try readDocument(isArray: true, &rows)
        }
        guard asLines || isFirstLineWhole else { return try readDocument(isArray: false, &rows) }
        for (index, line) in SourceBytes.lines(bytes).enumerated() where !line.isEmpty {
            try readLine(line, number: index + 1, &rows)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    // MARK: - Lines

    /// Whether the first line is a complete value.
    private var isFirstLineWhole: Bool {
        guard let line = SourceBytes.lines(bytes).first(where: { !$0.isEmpty }) else { return true }
        return (try? Self.value(of: line).get()) != nil
    }

    private mutating func readLine(
        _ line: ArraySlice<UInt8>, number: Int, _ rows: inout RowCollection
    ) throws(DatasetError) {
        switch Self.value(of: line) {
        case .success(let (value, replaced)): try add(value, line: number, isReplaced: replaced, &rows)
        case .failure(let error): try rows.refuse(line: number, reason: Self.reason(error))
        }
    }

    static func value(of line: ArraySlice<UInt8>) -> Result<(JSONValue, isReplaced: Bool), JSONSyntaxError> {
        // `withUnsafeBytes` takes no closure that throws a typed error.
        line.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) {
                var scanner = JSONScanner(bytes, replacesLoneSurrogates: true)
                let value = try JSONParser.value(&scanner)
                try scanner.end()
                return .success((value, scanner.replacedSurrogates > 0))
            } catch {
                return .failure(error)
            }
        }
    }

    /// What is wrong with a document, without its content.
    private static func reason(_ error: JSONSyntaxError) -> String {
        error.reason == "not UTF-8" ? error.reason : "not JSON"
    }

    // MARK: - A document

    private enum Failure: Error {
        case syntax(JSONSyntaxError)
        case rows(DatasetError)
    }

    /// Reads value by value, so that the tree of the whole is never in memory. A truncated or broken document is an
    /// error even if bad rows are skipped, because nobody knows where the next row begins.
    private mutating func readDocument(isArray: Bool, _ rows: inout RowCollection) throws(DatasetError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<Void, Failure> in
            do throws(Failure) {
                try readValues(bytes, isArray: isArray, &rows)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success: return
        case .failure(.rows(let error)): throw error
        case .failure(.syntax(let error)):
            throw .badLine(
                file: rows.sources.last ?? "rows", line: error.line,
                reason: Self.reason(error) + (isArray ? "; the file is read as one array, since it begins with [" : ""))
        }
    }

    private mutating func readValues(
        _ bytes: UnsafeRawBufferPointer, isArray: Bool, _ rows: inout RowCollection
    ) throws(Failure) {
        var scanner = JSONScanner(bytes, replacesLoneSurrogates: true)
        var (line, counted) = (1, 0)
        if isArray { _ = scanner.take("[") }
        if isArray, scanner.take("]") { return try Self.end(&scanner) }
        repeat {
            _ = scanner.next()
            line += bytes[counted..<scanner.position].count { $0 == 0x0A }
            counted = scanner.position
            let before = scanner.replacedSurrogates
            let value: JSONValue
            do throws(JSONSyntaxError) { value = try JSONParser.value(&scanner) } catch { throw .syntax(error) }
            do throws(DatasetError) {
                try add(value, line: line, isReplaced: scanner.replacedSurrogates > before, &rows)
            } catch { throw .rows(error) }
        } while isArray ? scanner.take(",") : scanner.next() != nil
        if isArray, !scanner.take("]") { throw .syntax(scanner.error("expected a comma or ]")) }
        try Self.end(&scanner)
    }

    private static func end(_ scanner: inout JSONScanner) throws(Failure) {
        do throws(JSONSyntaxError) { try scanner.end() } catch { throw .syntax(error) }
    }

    // MARK: - Rows

    private mutating func add(
        _ value: JSONValue, line: Int, isReplaced: Bool, _ rows: inout RowCollection
    ) throws(DatasetError) {
        let row: (text: String, labels: [RowCollection.Labels])
        do throws(RowRefusal) {
            row = try record.row(value)
        } catch {
            return try rows.refuse(line: line, reason: error.reason, remedy: error.remedy)
        }
        if isReplaced { rows.noteReplacedSurrogate() }
        for labels in row.labels { try rows.add(text: row.text, labels: labels, line: line) }
    }
}
