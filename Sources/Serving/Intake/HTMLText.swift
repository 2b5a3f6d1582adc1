/// Takes HTML out of a text: tags, comments and the bodies of scripts and style sheets go, references such as `&amp;`
/// become characters, and runs of white space become one blank or one line break.
///
/// It reads every text in linear time and never fails. A `<` that begins no tag is a character, as in `a < b`.
struct HTMLText {
    private let bytes: [UInt8]
    private var index = 0
    private var output: [UInt8] = []
    /// What stands between the last word and the next.
    private var gap = Gap.none
    /// A tag that begins behind the last `>` never ends, so it is text.
    private let lastEnd: Int
    /// Whether a tag had no end outside of quotes. From there on quotes mean nothing: every tag could look for its end
    /// up to the end of the text.
    private var ignoresQuotes = false

    /// Ordered: a line break hides a blank.
    private enum Gap: Int { case none, blank, line }

    /// Elements whose body is no text.
    private static let silent: Set<String> = ["script", "style"]
    /// Elements that begin and end a line.
    private static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "dialog",
        "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "head", "header", "hr", "html", "legend", "li", "main", "nav", "ol", "optgroup", "option", "p", "pre",
        "section", "summary", "table", "tbody", "tfoot", "thead", "title", "tr", "ul",
    ]
    /// Elements that a blank sets apart.
    private static let cells: Set<String> = ["td", "th", "img", "input", "button", "select", "textarea"]

    private init(_ text: String) {
        bytes = Array(text.utf8)
        lastEnd = bytes.lastIndex(of: UInt8(ascii: ">")) ?? -1
    }

    /// The text without HTML.
    static func stripped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "&") }) else { return text }
        var reader = HTMLText(text)
        while reader.index < reader.bytes.count { reader.step() }
        return String(decoding: reader.output, as: UTF8.self)
    }

    private mutating func step() {
        switch bytes[index] {
        case UInt8(ascii: "<"):
            if !skipMarkup() { write(bytes[index]) }
        case UInt8(ascii: "&"):
            if !readReference() { write(bytes[index]) }
        case let byte: write(byte)
        }
    }

    // MARK: - Output

    /// Writes the byte at the index and moves on.
    private mutating func write(_ byte: UInt8) {
        index += 1
        append(byte)
    }

    private mutating func append(_ byte: UInt8) {
        if byte == 0x20 || 0x09...0x0D ~= byte { return separate(.blank) }
        if !output.isEmpty {
            switch gap {
            case .none: break
            case .blank: output.append(0x20)
            case .line: output.append(0x0A)
            }
        }
        gap = .none
        output.append(byte)
    }

    private mutating func separate(_ kind: Gap) { if kind.rawValue > gap.rawValue { gap = kind } }

    // MARK: - Markup

    private func starts(with word: StaticString, at position: Int) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        return (0..<count).allSatisfy { lowercase(bytes[position + $0]) == word.utf8Start[$0] }
    }

    private func lowercase(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte + 0x20 : byte }

    private func isLetter(at position: Int) -> Bool {
        position < bytes.count && 0x61...0x7A ~= lowercase(bytes[position])
    }

    /// Skips what begins with the `<` at the index; false if that is a character of the text.
    private mutating func skipMarkup() -> Bool {
        guard index < lastEnd else { return false }
        if starts(with: "<!--", at: index) {
            skip(past: "-->", from: index + 4)
        } else if starts(with: "<![cdata[", at: index) {
            readCharacterData()
        } else if isLetter(at: index + 1) {
            skipTag(nameAt: index + 1, isEnd: false)
        } else if starts(with: "</", at: index), isLetter(at: index + 2) {
            skipTag(nameAt: index + 2, isEnd: true)
        } else if starts(with: "<!", at: index) || starts(with: "<?", at: index) || starts(with: "</", at: index) {
            skip(past: ">", from: index + 2)
        } else {
            return false
        }
        return true
    }

    /// Moves behind the next occurrence of the word, or to the end.
    private mutating func skip(past word: StaticString, from first: Int) {
        index = position(of: word, from: first).map { $0 + word.utf8CodeUnitCount } ?? bytes.count
    }

    private func position(of word: StaticString, from first: Int) -> Int? {
        var position = first
        while position < bytes.count {
            if lowercase(bytes[position]) == word.utf8Start[0], starts(with: word, at: position) { return position }
            position += 1
        }
        return nil
    }

    /// The text of a CDATA section has no markup.
    private mutating func readCharacterData() {
        let first = index + 9
        let last = position(of: "]]>", from: first) ?? bytes.count
        for byte in bytes[min(first, last)..<last] { append(byte) }
        index = min(last + 3, bytes.count)
    }

    private mutating func skipTag(nameAt first: Int, isEnd: Bool) {
        var last = first
        while last < bytes.count, !Self.endsName(bytes[last]) { last += 1 }
        let name = String(decoding: bytes[first..<last].prefix(16).map(lowercase), as: UTF8.self)
        if Self.blocks.contains(name) { separate(.line) }
        if Self.cells.contains(name) { separate(.blank) }
        index = endOfTag(from: last)
        if Self.silent.contains(name), !isEnd { skipBody(of: name) }
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == 0x20 || 0x09...0x0D ~= byte
    }

    /// Behind the `>` of a tag. A `>` within quotes is part of a value, unless there is none outside of quotes.
    private mutating func endOfTag(from first: Int) -> Int {
        var quote: UInt8?
        var position = first
        while position < bytes.count, !ignoresQuotes {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: ">") {
                return position + 1
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            }
            position += 1
        }
        ignoresQuotes = true
        return (bytes[first...].firstIndex(of: UInt8(ascii: ">")) ?? bytes.count - 1) + 1
    }

    /// Moves to the end tag of a script or a style sheet, or to the end.
    private mutating func skipBody(of name: String) {
        separate(.blank)
        let end: StaticString = name == "script" ? "</script" : "</style"
        var search = index
        while let found = position(of: end, from: search) {
            search = found + end.utf8CodeUnitCount
            if search == bytes.count || Self.endsName(bytes[search]) {
                index = endOfTag(from: search)
                return
            }
        }
        index = bytes.count
    }

    // MARK: - References

    /// Names that old pages write without a semicolon.
    private static let open: Set<String> = ["amp", "lt", "gt", "quot", "nbsp"]

    /// Reads the reference that begins with the `&` at the index; false if that is a character of the text.
    private mutating func readReference() -> Bool {
        let first = index + 1
        guard first < bytes.count else { return false }
        var last = first
        while last < bytes.count, last - first < 12, isPart(bytes[last], isFirst: last == first) { last += 1 }
        let isClosed = last < bytes.count && bytes[last] == UInt8(ascii: ";")
        let name = String(decoding: bytes[first..<last], as: UTF8.self)
        guard isClosed || Self.open.contains(name), let scalar = Self.scalar(of: name) else { return false }
        index = isClosed ? last + 1 : last
        if scalar == "\u{A0}" {
            separate(.blank)
        } else {
            for byte in String(scalar).utf8 { append(byte) }
        }
        return true
    }

    private func isPart(_ byte: UInt8, isFirst: Bool) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= lowercase(byte) || (isFirst && byte == UInt8(ascii: "#"))
    }

    private static func scalar(of name: String) -> Unicode.Scalar? {
        guard name.hasPrefix("#") else { return HTMLEntities.scalar(named: name) }
        let digits = name.dropFirst()
        let isHexadecimal = digits.hasPrefix("x") || digits.hasPrefix("X")
        // A number of more than ten digits is not read, so that none overflows.
        guard let number = UInt64(isHexadecimal ? digits.dropFirst() : digits, radix: isHexadecimal ? 16 : 10) else {
            return nil
        }
        return HTMLEntities.scalar(numbered: UInt32(clamping: number))
    }
}
