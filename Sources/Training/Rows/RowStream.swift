import Glibc
import JSON

/// Reads the rows of a file or of standard input one after the other, with all their columns: memory does not depend on
/// their number.
///
/// `.jsonl` has one JSON object per line. `.csv` and `.tsv` begin with a header that names the columns. In all other
/// files, and in standard input without a format, each line is a text, even an empty one; only empty lines at the end
/// are not. Nothing is refused but what cannot be read at all: a row that is broken is ``Row/unreadable(_:)``.
public final class RowStream {
    /// One row.
    public enum Row: Sendable, Equatable {
        /// A JSON object, with its bytes.
        case object(JSONValue, bytes: [UInt8])
        /// The cells of a table, by their columns.
        case cells([String])
        /// A text without other columns.
        case text(String)
        /// The line of a row that is not UTF-8, not JSON, or not of the table's columns.
        case unreadable([UInt8])
    }

    /// What errors call the input.
    public let name: String
    /// The columns of a table, in order; nil if the rows have none, or each has its own.
    public private(set) var columns: [String]?
    private let format: RowFormat?
    private var lines: Lines
    private var separator = UInt8(ascii: ",")
    private var isQuoted = true
    /// Empty lines that are texts if another line follows.
    private var blanks = 0
    /// The line that is a text once these blanks are.
    private var delayed: [UInt8]?

    private static let quote = UInt8(ascii: "\"")
    private static let tab = UInt8(ascii: "\t")
    /// A record of a table with more bytes, over several lines, has a quote that is never closed.
    private static let longestRecord = 1 << 20

    /// Opens the input, and reads the header of a table.
    ///
    /// - Parameters:
    ///   - path: the file; `-` is standard input.
    ///   - format: that of standard input, and of files whose ending says none; nil: one text per line.
    /// - Throws: if it cannot be read, is UTF-16, a JSON document, or has a header that is none.
    public init(path: String, format: RowFormat? = nil) throws(DatasetError) {
        name = path == "-" ? "standard input" : path
        self.format = RowFormat(path: path) ?? format
        lines = try Lines(path: path, name: name)
        let isArray = try lines.peek()?.first { $0 != 0x20 && $0 != Self.tab } == UInt8(ascii: "[")
        switch self.format {
        case .json: throw Self.document(name)
        case .jsonl: if isArray { throw Self.document(name) }
        case .csv, .tsv: try readHeader()
        case nil: break
        }
    }

    deinit { lines.close() }

    private static func document(_ name: String) -> DatasetError {
        .unreadable(
            file: name, reason: "it is one JSON document, and rows are read line by line: `jq -c .[]` makes lines")
    }

    /// The next row; nil at the end.
    public func next() throws(DatasetError) -> Row? {
        switch format {
        case .csv, .tsv: try nextRecord()
        case .jsonl, .json: try nextObject()
        case nil: try nextText()
        }
    }

    // MARK: - Lines of texts and of JSON

    private func nextText() throws(DatasetError) -> Row? {
        if blanks > 0, delayed != nil {
            blanks -= 1
            return .text("")
        }
        if let line = delayed {
            delayed = nil
            return Self.text(line)
        }
        while let line = try lines.next() {
            if line.isEmpty {
                blanks += 1
            } else if blanks == 0 {
                return Self.text(line)
            } else {
                delayed = line
                return try nextText()
            }
        }
        return nil
    }

    private static func text(_ line: [UInt8]) -> Row {
        String(validating: line, as: UTF8.self).map(Row.text) ?? .unreadable(line)
    }

    private func nextObject() throws(DatasetError) -> Row? {
        while let line = try lines.next() {
            if line.allSatisfy({ $0 == 0x20 || $0 == Self.tab }) { continue }
            guard case .success(let (value, _)) = JSONRowReader.value(of: line[...]), case .object = value else {
                return .unreadable(line)
            }
            return .object(value, bytes: line)
        }
        return nil
    }

    // MARK: - Tables

    private func readHeader() throws(DatasetError) {
        guard let first = try lines.peek() else { return }
        if format == .tsv {
            (separator, isQuoted) = (Self.tab, first.first == Self.quote)
        } else {
            // What spreadsheets write where a comma is the decimal point.
            let others = [UInt8(ascii: ";"), Self.tab].filter { Self.cells(first, separator: $0).count > 1 }
            separator = Self.cells(first, separator: separator).count > 1 ? separator : others.first ?? separator
        }
        guard case .cells(let names) = try nextRecord() else {
            throw .badLine(file: name, line: 1, reason: "the header cannot be read")
        }
        let columns = names.map(\.trimmed)
        guard columns.allSatisfy({ !$0.isEmpty && ColumnNames.looksLikeName($0) }) else {
            throw .badLine(file: name, line: 1, reason: "the first line must be a header that names the columns")
        }
        guard Set(columns).count == columns.count else {
            throw .badLine(file: name, line: 1, reason: "the header names a column twice")
        }
        self.columns = columns
    }

    private static func cells(_ line: [UInt8], separator: UInt8) -> [[UInt8]] {
        var parser = CSVParser(line[...], separator: separator)
        if case .record(let fields, _) = parser.next() { return fields }
        return []
    }

    private func nextRecord() throws(DatasetError) -> Row? {
        while let line = try lines.next() {
            if line.isEmpty { continue }
            let fields = isQuoted ? try quotedFields(from: line) : tabbedFields(line)
            let cells = fields.compactMap { String(validating: $0, as: UTF8.self) }
            guard !fields.isEmpty, cells.count == fields.count, columns.map({ $0.count == cells.count }) ?? true else {
                return .unreadable(line)
            }
            return .cells(cells)
        }
        return nil
    }

    /// The last column may hold tabs: nothing behind it can be meant by them.
    private func tabbedFields(_ line: [UInt8]) -> [[UInt8]] {
        let splits = columns.map { max(0, $0.count - 1) } ?? .max
        return line.split(separator: Self.tab, maxSplits: splits, omittingEmptySubsequences: false).map(Array.init)
    }

    /// The fields of a record that begins with this line; none if it cannot be read. The lines behind the first one are
    /// rows of their own then: its quote may be a slip.
    private func quotedFields(from line: [UInt8]) throws(DatasetError) -> [[UInt8]] {
        var record = line
        var more: [[UInt8]] = []
        var isOpen = Self.isOdd(line)
        while isOpen, record.count < Self.longestRecord, let next = try lines.next() {
            more.append(next)
            record += [UInt8(ascii: "\n")] + next
            if Self.isOdd(next) { isOpen = false }
        }
        let fields = isOpen ? [] : Self.cells(record, separator: separator)
        if fields.isEmpty { lines.putBack(more) }
        return fields
    }

    private static func isOdd(_ line: [UInt8]) -> Bool { !line.count { $0 == quote }.isMultiple(of: 2) }
}

extension RowStream {
    /// Lines of a descriptor, without their ends.
    private struct Lines {
        private let descriptor: Int32
        private let name: String
        private var buffer: [UInt8] = []
        /// Where the next line begins, and how many bytes from there hold no line end.
        private var (start, scanned) = (0, 0)
        private var isAtEnd = false
        /// Lines that were put back, the next one last.
        private var waiting: [[UInt8]] = []

        /// No text is as long: the input has no lines.
        private static let longestLine = 64 << 20
        /// A longer line leaves no buffer of its size behind.
        private static let longestKept = 1 << 20

        init(path: String, name: String) throws(DatasetError) {
            self.name = name
            descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .unreadable(file: name, reason: String(cString: strerror(errno))) }
            while buffer.count < 3, !isAtEnd { try fill() }
            if buffer.starts(with: [0xFF, 0xFE]) || buffer.starts(with: [0xFE, 0xFF]) {
                close()
                throw .unreadable(file: name, reason: "it is UTF-16, not UTF-8")
            }
            if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        }

        func close() { if descriptor > 0 { Glibc.close(descriptor) } }

        mutating func putBack(_ lines: [[UInt8]]) { waiting += lines.reversed() }

        /// The next line, which stays.
        mutating func peek() throws(DatasetError) -> [UInt8]? {
            guard let line = try next() else { return nil }
            putBack([line])
            return line
        }

        mutating func next() throws(DatasetError) -> [UInt8]? {
            if let line = waiting.popLast() { return line }
            while true {
                if let end = buffer[(start + scanned)...].firstIndex(of: UInt8(ascii: "\n")) {
                    return take(start..<end, next: end + 1)
                }
                scanned = buffer.count - start
                if isAtEnd {
                    guard scanned > 0 else { return nil }
                    // The last line may lack its line end.
                    return take(start..<buffer.count, next: buffer.count)
                }
                guard scanned < Self.longestLine else {
                    throw .unreadable(file: name, reason: "a line has more than \(Self.longestLine >> 20) MiB")
                }
                try fill()
            }
        }

        private mutating func take(_ range: Range<Int>, next: Int) -> [UInt8] {
            let bytes = buffer[range]
            let line = Array(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes)
            (start, scanned) = (next, 0)
            if range.count > Self.longestKept { (buffer, start) = (Array(buffer[next...]), 0) }
            return line
        }

        private mutating func fill() throws(DatasetError) {
            buffer.removeFirst(start)
            start = 0
            let chunk = try SourceBytes.next(of: descriptor, name: name)
            if chunk.isEmpty { isAtEnd = true }
            buffer += chunk
        }
    }
}
