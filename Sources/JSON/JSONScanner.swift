/// Reads the words of a JSON document in UTF-8, one by one, from the left.
public struct JSONScanner: ~Copyable {
    /// Deeper documents are refused, so that a hostile one does not exhaust the stack.
    private static let maximumDepth = 256

    private let bytes: UnsafeRawBufferPointer
    private let replacesLoneSurrogates: Bool
    /// How many bytes are behind.
    public private(set) var position = 0
    /// How many halves of a surrogate pair became U+FFFD.
    public private(set) var replacedSurrogates = 0
    /// Objects and arrays that are open.
    private var depth = 0

    /// - Parameters:
    ///   - bytes: must stay valid as long as the scanner is used.
    ///   - replacesLoneSurrogates: whether half of a surrogate pair in an escape becomes U+FFFD. Programs that cut a text
    ///     in the middle of a pair write such escapes. Else it is an error.
    public init(_ bytes: UnsafeRawBufferPointer, replacesLoneSurrogates: Bool = false) {
        self.bytes = bytes
        self.replacesLoneSurrogates = replacesLoneSurrogates
    }

    /// An error at the place that was reached.
    public func error(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A })
    }

    /// Blanks, and then nothing, are what is left.
    public mutating func end() throws(JSONSyntaxError) {
        skipBlanks()
        guard position == bytes.count else { throw error("text after the end of the document") }
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Skips blanks, then the ASCII character if it comes next.
    public mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    /// The ASCII character that comes next after blanks, not skipped; nil at the end and before anything else.
    public mutating func next() -> Unicode.Scalar? {
        skipBlanks()
        return position < bytes.count && bytes[position] < 0x80 ? Unicode.Scalar(bytes[position]) : nil
    }

    /// The members of an object, one after the other: `member` reads the value of its key.
    public mutating func object(
        _ member: (_ key: String, inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try enter("{", "an object was expected")
        defer { depth -= 1 }
        if take("}") { return }
        repeat {
            guard take("\"") else { throw error("a key in quotes was expected") }
            let key = try string()
            guard take(":") else { throw error("a colon was expected") }
            try member(key, &self)
        } while take(",")
        guard take("}") else { throw error("a comma or } was expected") }
    }

    /// The elements of a list, one after the other: `element` reads each.
    public mutating func array(_ element: (inout JSONScanner) throws(JSONSyntaxError) -> Void) throws(JSONSyntaxError) {
        try enter("[", "a list was expected")
        defer { depth -= 1 }
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        guard take("]") else { throw error("a comma or ] was expected") }
    }

    private mutating func enter(_ bracket: Unicode.Scalar, _ reason: String) throws(JSONSyntaxError) {
        guard take(bracket) else { throw error(reason) }
        guard depth < Self.maximumDepth else { throw error("nested too deeply") }
        depth += 1
    }

    /// A string, opening quote included.
    public mutating func quoted() throws(JSONSyntaxError) -> String {
        guard take("\"") else { throw error("a string was expected") }
        return try string()
    }

    /// A whole number from 0 up.
    public mutating func size() throws(JSONSyntaxError) -> Int {
        skipBlanks()
        let first = position
        var value = 0
        while position < bytes.count, 0x30...0x39 ~= bytes[position] {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
            if overflow || carry { throw error("a number that is too large") }
            value = sum
            position += 1
        }
        guard position > first, position == bytes.count || !".eE".utf8.contains(bytes[position]) else {
            throw error("a whole number from 0 up was expected")
        }
        return value
    }

    /// A string, number, boolean or null. A number that is too large for a `Double` is infinite.
    public mutating func scalar() throws(JSONSyntaxError) -> JSONScalar {
        if next() == "\"" { return .string(try quoted()) }
        if takeWord("true") { return .boolean(true) }
        if takeWord("false") { return .boolean(false) }
        if takeWord("null") { return .null }
        return .number(try number())
    }

    /// Checks a value of any kind without decoding it.
    public mutating func skipValue() throws(JSONSyntaxError) {
        switch next() {
        case "{":
            try enter("{", "an object was expected")
            defer { depth -= 1 }
            if take("}") { return }
            repeat {
                guard take("\"") else { throw error("a key in quotes was expected") }
                try skipString()
                guard take(":") else { throw error("a colon was expected") }
                try skipValue()
            } while take(",")
            guard take("}") else { throw error("a comma or } was expected") }
        case "[": try array { (scanner) throws(JSONSyntaxError) in try scanner.skipValue() }
        case "\"":
            position += 1
            try skipString()
        default:
            if !takeWord("true"), !takeWord("false"), !takeWord("null") { try skipNumber() }
        }
    }

    /// Skips the word if it comes next.
    private mutating func takeWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    private mutating func number() throws(JSONSyntaxError) -> Double {
        let first = position
        try skipNumber()
        return Double(String(decoding: bytes[first..<position], as: UTF8.self)) ?? .infinity
    }

    private mutating func skipNumber() throws(JSONSyntaxError) {
        let first = position
        _ = takeByte("-")
        let isNumber =
            (takeByte("0") || skipDigits()) && (!takeByte(".") || skipDigits())
            && (!(takeByte("e") || takeByte("E"))
                || {
                    _ = takeByte("+") || takeByte("-"); return skipDigits()
                }())
        guard isNumber else {
            position = first
            throw error("a value was expected")
        }
    }

    private mutating func takeByte(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    /// Whether there was a digit at least.
    private mutating func skipDigits() -> Bool {
        let first = position
        while position < bytes.count, 0x30...0x39 ~= bytes[position] { position += 1 }
        return position > first
    }

    /// Checks the rest of a string whose opening quote is behind.
    private mutating func skipString() throws(JSONSyntaxError) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                position += 1
                return
            case 0x5C:
                position += 1
                _ = try escape()
            case ..<0x20: throw error("a control character in a string")
            default: position += 1
            }
        }
        throw error("a string without an end")
    }

    /// The rest of a string whose opening quote is behind.
    private mutating func string() throws(JSONSyntaxError) -> String {
        var content: [UInt8] = []
        var first = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                // Nearly every string is without escapes, and is made from the document's own bytes.
                let text =
                    content.isEmpty
                    ? String(validating: bytes[first..<position], as: UTF8.self)
                    : String(validating: content + bytes[first..<position], as: UTF8.self)
                position += 1
                guard let text else { throw error("not UTF-8") }
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
        let unit = try fourDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let behind = position
        if 0xD800..<0xDC00 ~= unit, takeWord("\\u") {
            let low = try fourDigits()
            if 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) {
                return scalar
            }
        }
        guard replacesLoneSurrogates else { throw error("half of a surrogate pair") }
        // What follows is an escape of its own.
        position = behind
        replacedSurrogates += 1
        return "\u{FFFD}"
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

    /// The value of an ASCII hexadecimal digit; nil for any other byte.
    private func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}
