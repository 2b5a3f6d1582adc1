/// One pass of a ``JSONLookup`` over a document: a recursive descent that gives `false` at the first byte that is not JSON.
struct JSONScanner {
    /// Deeper nesting counts as not JSON, so that a hostile message cannot exhaust the stack.
    static let maximumDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private let lookup: JSONLookup
    private var position = 0
    private(set) var findings: [JSONLookup.Finding]

    init(bytes: UnsafeBufferPointer<UInt8>, lookup: JSONLookup) {
        self.bytes = bytes
        self.lookup = lookup
        findings = Array(repeating: .missing, count: lookup.pointers.count)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func scanDocument() -> Bool {
        skipBlanks()
        guard scanValue(node: 0, depth: 0) else { return false }
        skipBlanks()
        return position == bytes.count
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func record(_ finding: JSONLookup.Finding, at node: Int?) {
        guard let node, let pointer = lookup.nodes[node].pointer else { return }
        findings[pointer] = finding
    }

    /// Forgets what an earlier member of the same name left behind.
    private mutating func forget(below node: Int?) {
        guard let node else { return }
        record(.missing, at: node)
        for child in lookup.nodes[node].children.values { forget(below: child) }
    }

    private mutating func scanValue(node: Int?, depth: Int) -> Bool {
        switch current {
        case UInt8(ascii: "{"):
            record(.container, at: node)
            return depth < Self.maximumDepth && scanObject(node: node, depth: depth + 1)
        case UInt8(ascii: "["):
            record(.container, at: node)
            return depth < Self.maximumDepth && scanArray(node: node, depth: depth + 1)
        case UInt8(ascii: "\""):
            let isWanted = node.map { lookup.nodes[$0].pointer != nil } ?? false
            guard let text = scanString(decoding: isWanted) else { return false }
            if isWanted { record(.scalar(.string(text)), at: node) }
            return true
        case UInt8(ascii: "t"): return scanWord("true", .boolean(true), node: node)
        case UInt8(ascii: "f"): return scanWord("false", .boolean(false), node: node)
        case UInt8(ascii: "n"): return scanWord("null", .null, node: node)
        default: return scanNumber(node: node)
        }
    }

    private mutating func scanObject(node: Int?, depth: Int) -> Bool {
        position += 1
        skipBlanks()
        if skip(UInt8(ascii: "}")) { return true }
        let children = node.map { lookup.nodes[$0].children } ?? [:]
        while true {
            guard current == UInt8(ascii: "\""), let name = scanString(decoding: !children.isEmpty) else { return false }
            skipBlanks()
            guard skip(UInt8(ascii: ":")) else { return false }
            skipBlanks()
            let child = children.isEmpty ? nil : children[name]
            forget(below: child)
            guard scanValue(node: child, depth: depth) else { return false }
            skipBlanks()
            if skip(UInt8(ascii: "}")) { return true }
            guard skip(UInt8(ascii: ",")) else { return false }
            skipBlanks()
        }
    }

    private mutating func scanArray(node: Int?, depth: Int) -> Bool {
        position += 1
        skipBlanks()
        if skip(UInt8(ascii: "]")) { return true }
        let children = node.map { lookup.nodes[$0].children } ?? [:]
        var index = 0
        while true {
            let child = children.isEmpty ? nil : children[String(index)]
            guard scanValue(node: child, depth: depth) else { return false }
            index += 1
            skipBlanks()
            if skip(UInt8(ascii: "]")) { return true }
            guard skip(UInt8(ascii: ",")) else { return false }
            skipBlanks()
        }
    }

    private mutating func scanWord(_ word: StaticString, _ value: JSONScalar, node: Int?) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where bytes[position + index] != word.utf8Start[index] { return false }
        position = end
        record(.scalar(value), at: node)
        return true
    }

    private mutating func scanNumber(node: Int?) -> Bool {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { guard skipDigits() else { return false } }
        if skip(UInt8(ascii: ".")) { guard skipDigits() else { return false } }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            guard skipDigits() else { return false }
        }
        if let node, lookup.nodes[node].pointer != nil {
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            record(.scalar(.number(Double(text) ?? .infinity)), at: node)
        }
        return true
    }

    /// At least one digit.
    private mutating func skipDigits() -> Bool {
        let start = position
        while let byte = current, byte >= 0x30 && byte <= 0x39 { position += 1 }
        return position > start
    }

    /// - Returns: the string's value, or an empty one where it is not to be decoded; `nil` if it is not a JSON string.
    private mutating func scanString(decoding: Bool) -> String? {
        position += 1
        let start = position
        var hasEscapes = false
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard decoding else { return "" }
                let content = bytes[start..<(position - 1)]
                return hasEscapes ? unescaped(content) : String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                guard skipEscape() else { return nil }
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }

    private mutating func skipEscape() -> Bool {
        position += 1
        guard let kind = current else { return false }
        position += 1
        switch kind {
        case UInt8(ascii: "u"):
            guard hexadecimal(at: position) != nil else { return false }
            position += 4
            return true
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        default: return false
        }
    }

    /// Four hexadecimal digits.
    private func hexadecimal(at index: Int) -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for byte in bytes[index..<(index + 4)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// - Parameter content: the inside of a string whose escapes have been checked.
    private func unescaped(_ content: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        var utf8: [UInt8] = []
        utf8.reserveCapacity(content.count)
        var index = content.startIndex
        while index < content.endIndex {
            guard bytes[index] == UInt8(ascii: "\\") else {
                utf8.append(bytes[index])
                index += 1
                continue
            }
            let kind = bytes[index + 1]
            index += 2
            switch kind {
            case UInt8(ascii: "b"): utf8.append(0x08)
            case UInt8(ascii: "f"): utf8.append(0x0C)
            case UInt8(ascii: "n"): utf8.append(0x0A)
            case UInt8(ascii: "r"): utf8.append(0x0D)
            case UInt8(ascii: "t"): utf8.append(0x09)
            case UInt8(ascii: "u"): utf8.append(contentsOf: String(Character(scalar(at: &index, end: content.endIndex))).utf8)
            default: utf8.append(kind)
            }
        }
        return String(decoding: utf8, as: UTF8.self)
    }

    /// The scalar of one `\u` escape, or of two that are a surrogate pair; `index` stands on the first digit.
    private func scalar(at index: inout Int, end: Int) -> Unicode.Scalar {
        let unit = hexadecimal(at: index) ?? 0xFFFD
        index += 4
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), index + 6 <= end, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u"), let trail = hexadecimal(at: index + 2), UTF16.isTrailSurrogate(trail)
        else { return "\u{FFFD}" }
        index += 6
        let value = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(trail & 0x3FF))
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }
}
