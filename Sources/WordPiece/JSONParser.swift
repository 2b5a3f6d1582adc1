/// Why a document is not JSON, and where.
struct JSONSyntaxError: Error {
    var reason: String
    var line: Int
}

/// A recursive-descent parser over UTF-8 bytes.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    /// Deeper documents are refused, so that a hostile one does not exhaust the stack.
    private static let deepest = 128

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipBlanks()
        if parser.position < bytes.count { throw parser.error("text after the end of the document") }
        return value
    }

    private func error(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A })
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Skips blanks, then `byte` if it comes next.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < bytes.count, UInt32(bytes[position]) == byte.value else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.deepest else { throw error("nested too deeply") }
        if take("{") { return try object(depth: depth) }
        if take("[") { return try array(depth: depth) }
        if take("\"") { return .string(try string()) }
        if takeWord("true") { return .boolean(true) }
        if takeWord("false") { return .boolean(false) }
        if takeWord("null") { return .null }
        return .number(try number())
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        if take("}") { return .object(members) }
        repeat {
            guard take("\"") else { throw error("a key in quotes was expected") }
            let key = try string()
            guard take(":") else { throw error("a colon was expected") }
            members.append((key, try value(depth: depth + 1)))
        } while take(",")
        guard take("}") else { throw error("a comma or } was expected") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw error("a comma or ] was expected") }
        return .array(elements)
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    private mutating func number() throws(JSONSyntaxError) -> Double {
        let first = position
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[first..<position], as: UTF8.self)
        guard let value = Double(text), value.isFinite, text.first != "+", text.first != "." else {
            position = first
            throw error("a value was expected")
        }
        return value
    }

    /// The rest of a string whose opening quote is behind.
    private mutating func string() throws(JSONSyntaxError) -> String {
        var content: [UInt8] = []
        var first = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                content += bytes[first..<position]
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else { throw error("not UTF-8") }
                return text
            case 0x5C:
                content += bytes[first..<position]
                position += 1
                content += try escape().utf8
                first = position
            case ..<0x20: throw error("a control character in a string")
            default: position += 1
            }
        }
        throw error("a string without an end")
    }

    /// The scalar of an escape whose backslash is behind.
    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard position < bytes.count else { throw error("a string without an end") }
        let kind = bytes[position]
        position += 1
        switch Unicode.Scalar(kind) {
        case "\"", "\\", "/": return Unicode.Scalar(kind)
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": return try unicodeEscape()
        default: throw error("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        var unit = try fourDigits()
        if 0xD800..<0xDC00 ~= unit, takeWord("\\u") {
            let low = try fourDigits()
            guard 0xDC00..<0xE000 ~= low else { throw error("half of a surrogate pair") }
            unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(unit) else { throw error("half of a surrogate pair") }
        return scalar
    }

    private mutating func fourDigits() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = hexadecimalDigit(bytes[position]) else {
                throw error("four hexadecimal digits were expected")
            }
            value = value << 4 | digit
            position += 1
        }
        return value
    }
}
