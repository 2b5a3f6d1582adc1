/// Parses comma-separated values by RFC 4180: quoted fields may contain commas, line ends and doubled quotes.
///
/// Lines end in LF or CRLF. An empty line is not a record.
struct CSVParser {
    enum Item: Equatable {
        /// The bytes of its fields, and the line that it begins on, from 1.
        case record([[UInt8]], line: Int)
        case bad(line: Int, reason: String)
    }

    private enum Field {
        case bytes([UInt8])
        case unclosed
        case textBehindQuote
        case quoteInside
    }

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private let bytes: ArraySlice<UInt8>
    private let separator: UInt8
    private var position: Int
    /// The current line, from 1.
    private(set) var line = 1

    /// - Parameter separator: the byte between fields.
    init(_ bytes: ArraySlice<UInt8>, separator: UInt8 = UInt8(ascii: ",")) {
        (self.bytes, self.separator) = (bytes, separator)
        position = bytes.startIndex
    }

    /// The next record, good or bad. After a bad one, parsing resumes on the line after the one that it begins on.
    mutating func next() -> Item? {
        while endLine() {}
        guard position < bytes.endIndex else { return nil }
        let start = (position: position, line: line)
        var fields: [[UInt8]] = []
        while true {
            switch field() {
            case .bytes(let bytes): fields.append(bytes)
            case .unclosed: return skip(start, "a quote is opened here and never closed")
            case .textBehindQuote: return skip(start, "something other than a comma follows a closing quote")
            case .quoteInside: return skip(start, "a quote is inside a field that does not begin with one")
            }
            if position < bytes.endIndex, bytes[position] == separator {
                position += 1
            } else {
                _ = endLine()
                return .record(fields, line: start.line)
            }
        }
    }

    /// A field up to a separator, the end of the line or the end of the file, which are not consumed.
    private mutating func field() -> Field {
        guard position < bytes.endIndex, bytes[position] == Self.quote else { return plainField() }
        position += 1
        var field: [UInt8] = []
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            if byte == Self.lineFeed { line += 1 }
            guard byte == Self.quote else {
                field.append(byte)
                continue
            }
            guard position < bytes.endIndex, bytes[position] == Self.quote else {
                return isAtFieldEnd ? .bytes(field) : .textBehindQuote
            }
            field.append(Self.quote)
            position += 1
        }
        return .unclosed
    }

    private mutating func plainField() -> Field {
        let start = position
        while !isAtFieldEnd {
            if bytes[position] == Self.quote { return .quoteInside }
            position += 1
        }
        return .bytes(Array(bytes[start..<position]))
    }

    private var isAtFieldEnd: Bool {
        position == bytes.endIndex || bytes[position] == separator || isAtLineEnd
    }

    private var isAtLineEnd: Bool {
        guard position < bytes.endIndex else { return false }
        if bytes[position] == Self.lineFeed { return true }
        return bytes[position] == Self.carriageReturn
            && (position + 1 == bytes.endIndex || bytes[position + 1] == Self.lineFeed)
    }

    /// Consumes a line end, if there is one here.
    private mutating func endLine() -> Bool {
        guard isAtLineEnd else { return false }
        if bytes[position] == Self.carriageReturn { position += 1 }
        if position < bytes.endIndex { position += 1 }
        line += 1
        return true
    }

    /// Skips only the first line of a bad record: its quote may be a slip, and the next lines may be rows.
    private mutating func skip(_ start: (position: Int, line: Int), _ reason: String) -> Item {
        (position, line) = start
        while position < bytes.endIndex, bytes[position] != Self.lineFeed { position += 1 }
        _ = endLine()
        return .bad(line: start.line, reason: reason)
    }
}
