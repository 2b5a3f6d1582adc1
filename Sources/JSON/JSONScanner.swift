/// Reads the tokens of a JSON document (RFC 8259) in UTF-8 from left to right.
public struct JSONScanner: ~Copyable {
    /// Deeper nesting is refused, so that a hostile document does not exhaust the stack.
    private static let maximumDepth = 256

    private let bytes: UnsafeRawBufferPointer
    private let replacesLoneSurrogates: Bool
    /// The number of bytes read so far.
    public private(set) var position = 0
    /// The number of lone surrogates that became U+FFFD.
    public private(set) var replacedSurrogates = 0
    /// The number of open objects and arrays.
    private var depth = 0

    /// - Parameters:
    ///   - bytes: the document; must stay valid as long as the scanner is used.
    ///   - replacesLoneSurrogates: whether a lone surrogate in an escape becomes U+FFFD instead of an error. Programs
    ///     that cut a text within a surrogate pair write such escapes.
    public init(_ bytes: UnsafeRawBufferPointer, replacesLoneSurrogates: Bool = false) {
        self.bytes = bytes
        self.replacesLoneSurrogates = replacesLoneSurrogates
    }

    /// An error at the current position.
    public func error(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0A })
    }

    /// What has been read since a position.
    func text(from first: Int) -> String { String(decoding: bytes[first..<position], as: UTF8.self) }

    /// Checks that nothing but white space is left.
    public mutating func end() throws(JSONSyntaxError) {
        skipWhiteSpace()
        guard position == bytes.count else { throw error("text after the end of the document") }
    }

    private mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Skips white space, then the given ASCII character if it comes next.
    public mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        return takeByte(character)
    }

    private mutating func takeByte(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    /// Skips the word if it comes next.
    private mutating func takeWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += length
        return true
    }

    /// The ASCII character that comes next after white space, without skipping it; nil at the end and before anything
    /// else.
    public mutating func next() -> Unicode.Scalar? {
        skipWhiteSpace()
        return position < bytes.count && bytes[position] < 0x80 ? Unicode.Scalar(bytes[position]) : nil
    }

    // MARK: - Objects and arrays

    /// Reads an object. Calls `member` with each key; it must read the value.
    public mutating func object(
        _ member: (_ key: String, inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try members { (scanner) throws(JSONSyntaxError) in
            let key = try scanner.string()
            try scanner.colon()
            try member(key, &scanner)
        }
    }

    /// Reads an object of which only some keys matter. Calls `member` with the index of each key in `keys`, nil for any
    /// other; it must read the value. Makes no string of a key without escapes.
    ///
    /// - Parameter keys: in UTF-8.
    mutating func object(
        among keys: [[UInt8]], _ member: (_ index: Int?, inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try members { (scanner) throws(JSONSyntaxError) in
            let index = try scanner.index(among: keys)
            try scanner.colon()
            try member(index, &scanner)
        }
    }

    /// Reads an object. Calls `member` after the opening quote of each key.
    private mutating func members(
        _ member: (inout JSONScanner) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try enter("{", "expected an object")
        defer { depth -= 1 }
        if take("}") { return }
        repeat {
            guard take("\"") else { throw error("expected a key in quotes") }
            try member(&self)
        } while take(",")
        guard take("}") else { throw error("expected a comma or }") }
    }

    private mutating func colon() throws(JSONSyntaxError) {
        guard take(":") else { throw error("expected a colon") }
    }

    /// Reads a key whose opening quote has been read.
    private mutating func index(among keys: [[UInt8]]) throws(JSONSyntaxError) -> Int? {
        let first = position
        try skipString()
        let key = UnsafeRawBufferPointer(rebasing: bytes[first..<position - 1])
        if key.contains(0x5C) {
            position = first
            let decoded = try string()
            return keys.firstIndex { decoded.utf8.elementsEqual($0) }
        }
        for index in keys.indices where keys[index].count == key.count {
            if key.elementsEqual(keys[index]) { return index }
        }
        return nil
    }

    /// Reads an array. Calls `element` for each element; it must read it.
    public mutating func array(_ element: (inout JSONScanner) throws(JSONSyntaxError) -> Void) throws(JSONSyntaxError) {
        try enter("[", "expected an array")
        defer { depth -= 1 }
        if take("]") { return }
        repeat { try element(&self) } while take(",")
        guard take("]") else { throw error("expected a comma or ]") }
    }

    private mutating func enter(_ bracket: Unicode.Scalar, _ reason: String) throws(JSONSyntaxError) {
        guard take(bracket) else { throw error(reason) }
        guard depth < Self.maximumDepth else { throw error("nested too deeply") }
        depth += 1
    }

    // MARK: - Values

    /// Reads a string.
    public mutating func quoted() throws(JSONSyntaxError) -> String {
        guard take("\"") else { throw error("expected a string") }
        return try string()
    }

    /// Reads a whole number that is not negative.
    public mutating func size() throws(JSONSyntaxError) -> Int {
        guard let next = next(), "0"..."9" ~= next else { throw error("expected a non-negative integer") }
        let first = position
        try skipNumber()
        var value = 0
        for byte in bytes[first..<position] {
            guard 0x30...0x39 ~= byte else { throw error("expected a non-negative integer") }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
            if overflow || carry { throw error("number too large") }
            value = sum
        }
        return value
    }

    /// Reads a string, number, boolean or null. A number too large for a `Double` is infinite.
    public mutating func scalar() throws(JSONSyntaxError) -> JSONScalar {
        if next() == "\"" { return .string(try quoted()) }
        if takeWord("true") { return .boolean(true) }
        if takeWord("false") { return .boolean(false) }
        if takeWord("null") { return .null }
        let first = position
        try skipNumber()
        return .number(Double(String(decoding: bytes[first..<position], as: UTF8.self)) ?? .infinity)
    }

    /// Checks a value of any kind without decoding it.
    public mutating func skipValue() throws(JSONSyntaxError) {
        switch next() {
        case "{":
            try members { (scanner) throws(JSONSyntaxError) in
                try scanner.skipString()
                try scanner.colon()
                try scanner.skipValue()
            }
        case "[": try array { (scanner) throws(JSONSyntaxError) in try scanner.skipValue() }
        case "\"":
            position += 1
            try skipString()
        default:
            if !takeWord("true"), !takeWord("false"), !takeWord("null") { try skipNumber() }
        }
    }

    private mutating func skipNumber() throws(JSONSyntaxError) {
        let first = position
        _ = takeByte("-")
        var isNumber = takeByte("0") || skipDigits()
        if isNumber, takeByte(".") { isNumber = skipDigits() }
        if isNumber, takeByte("e") || takeByte("E") {
            _ = takeByte("+") || takeByte("-")
            isNumber = skipDigits()
        }
        guard isNumber else {
            position = first
            throw error("expected a value")
        }
    }

    /// Whether there was at least one digit.
    private mutating func skipDigits() -> Bool {
        let first = position
        while position < bytes.count, 0x30...0x39 ~= bytes[position] { position += 1 }
        return position > first
    }

    // MARK: - Strings

    /// Checks the rest of a string whose opening quote has been read.
    private mutating func skipString() throws(JSONSyntaxError) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                position += 1
                return
            case 0x5C:
                position += 1
                _ = try escape()
            case ..<0x20: throw error("control character in a string")
            default: position += 1
            }
        }
        throw error("unterminated string")
    }

    /// Reads the rest of a string whose opening quote has been read.
    private mutating func string() throws(JSONSyntaxError) -> String {
        var content: [UInt8] = []
        var first = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x22:
                // Nearly every string has no escapes and is made from the document's own bytes.
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
            case ..<0x20: throw error("control character in a string")
            default: position += 1
            }
        }
        throw error("unterminated string")
    }

    /// Reads an escape whose backslash has been read.
    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard position < bytes.count else { throw error("unterminated string") }
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
        default: throw error("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try fourDigits()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let end = position
        if 0xD800..<0xDC00 ~= unit, takeWord("\\u") {
            let low = try fourDigits()
            if 0xDC00..<0xE000 ~= low, let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) {
                return scalar
            }
        }
        guard replacesLoneSurrogates else { throw error("lone surrogate") }
        // An escape that follows stands for itself.
        position = end
        replacedSurrogates += 1
        return "\u{FFFD}"
    }

    private mutating func fourDigits() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = hexadecimalDigit(bytes[position]) else {
                throw error("expected four hexadecimal digits")
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
