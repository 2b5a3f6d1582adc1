/// A token of Swift, as far as the rules tell tokens apart.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// A name, a keyword or a number.
        case word
        /// One character of punctuation.
        case mark
        /// One line of a string literal, without its quotes, or the part of it beside an interpolation.
        case string
        /// One line of a comment, without its slashes.
        case comment
    }

    let kind: Kind
    let text: String
    let line: Int
}

/// Cuts Swift into tokens: enough to know code from strings and comments, and to match braces.
///
/// It reads nested comments, raw and multi-line strings, interpolations with strings inside, and regex literals.
struct SwiftLexer {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var tokens: [Token] = []

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func tokens(of text: String) -> [Token] {
        var lexer = SwiftLexer(text)
        lexer.code(endsAtParenthesis: false)
        return lexer.tokens
    }

    /// Tokens that the compiler reads as code.
    static func code(of text: String) -> [Token] {
        tokens(of: text).filter { $0.kind == .word || $0.kind == .mark }
    }

    private func peek(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }

    private func isNext(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private mutating func add(_ kind: Token.Kind, from start: Int, to end: Int? = nil) {
        let text = String(decoding: bytes[start..<(end ?? index)], as: UTF8.self)
        tokens.append(Token(kind: kind, text: text, line: line))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= 128 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "`")
            || (byte | 32) >= UInt8(ascii: "a") && (byte | 32) <= UInt8(ascii: "z")
            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// Reads code to the end, or to the parenthesis that closes an interpolation.
    private mutating func code(endsAtParenthesis: Bool) {
        var depth = 0
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                index += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): index += 1
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): lineComment()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): blockComment()
            case UInt8(ascii: "/") where beginsRegex(): regex(closing: "/")
            case UInt8(ascii: "#") where isNext("#/"): regex(closing: "/#")
            case UInt8(ascii: "\""), UInt8(ascii: "#"): if !string() { mark() }
            case _ where Self.isWord(byte): word()
            default:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    depth -= 1
                    if endsAtParenthesis, depth < 0 { return }
                }
                mark()
            }
        }
    }

    private mutating func mark() {
        index += 1
        add(.mark, from: index - 1)
    }

    private mutating func word() {
        let start = index
        while let byte = peek(), Self.isWord(byte) { index += 1 }
        add(.word, from: start)
    }

    private mutating func lineComment() {
        while peek() == UInt8(ascii: "/") { index += 1 }
        let start = index
        while let byte = peek(), byte != UInt8(ascii: "\n") { index += 1 }
        add(.comment, from: start)
    }

    private mutating func blockComment() {
        var depth = 0
        var start = index
        repeat {
            if isNext("/*") {
                depth += 1
                index += 2
            } else if isNext("*/") {
                depth -= 1
                index += 2
            } else {
                if peek() == UInt8(ascii: "\n") {
                    add(.comment, from: start)
                    line += 1
                    start = index + 1
                }
                index += 1
            }
        } while depth > 0 && index < bytes.count
        add(.comment, from: start)
    }

    /// A slash after an opening mark, with no space behind it, begins a regex; after a value it divides.
    private func beginsRegex() -> Bool {
        guard let next = peek(1), next != UInt8(ascii: " "), next != UInt8(ascii: "\n") else { return false }
        guard let before = tokens.last(where: { $0.kind != .comment }) else { return true }
        return before.kind == .mark && "([{,:=".contains(before.text)
    }

    private mutating func regex(closing: String) {
        index += closing.utf8.count
        while index < bytes.count, !isNext(closing) {
            if peek() == UInt8(ascii: "\n") {
                if closing == "/" { return }
                line += 1
            }
            index += peek() == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index + closing.utf8.count, bytes.count)
    }

    /// Reads a literal of any form; false if this is no quote, as in `#if`.
    private mutating func string() -> Bool {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        guard peek(hashes) == UInt8(ascii: "\"") else { return false }
        index += hashes
        let isMultiline = isNext("\"\"\"")
        index += isMultiline ? 3 : 1
        let fence = String(repeating: "#", count: hashes)
        stringBody(closing: (isMultiline ? "\"\"\"" : "\"") + fence, escape: "\\" + fence, isMultiline: isMultiline)
        return true
    }

    private mutating func stringBody(closing: String, escape: String, isMultiline: Bool) {
        var start = index
        while let byte = peek() {
            if isNext(closing) { break }
            if isNext(escape) {
                index += escape.utf8.count
                if peek() == UInt8(ascii: "(") {
                    add(.string, from: start, to: index - escape.utf8.count)
                    index += 1
                    code(endsAtParenthesis: true)
                    index += 1
                    start = min(index, bytes.count)
                    continue
                }
            }
            if peek() == UInt8(ascii: "\n") || byte == UInt8(ascii: "\n") {
                add(.string, from: start)
                if !isMultiline { return }
                line += 1
                start = index + 1
            }
            index += 1
        }
        index = min(index, bytes.count)
        add(.string, from: min(start, index))
        index = min(index + closing.utf8.count, bytes.count)
    }
}
