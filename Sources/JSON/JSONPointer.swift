/// A JSON Pointer (RFC 6901), such as `/kind` or `/items/0/name`. The empty pointer is the whole document.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The reference tokens, unescaped.
    public let tokens: [String]

    /// The empty pointer.
    public static let document = JSONPointer(tokens: [])

    private init(tokens: [String]) { self.tokens = tokens }

    /// Parses a pointer.
    ///
    /// - Throws: ``JSONPointerError`` if the text is not a pointer.
    public init(_ text: String) throws(JSONPointerError) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        // By bytes: a combining mark makes one character with the slash before it.
        guard text.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            tokens.append(try Self.unescape(Substring(part)))
        }
        self.tokens = tokens
    }

    /// The pointer as RFC 6901 writes it.
    public var description: String {
        tokens.map { token in
            var escaped = "/"
            for scalar in token.unicodeScalars {
                switch scalar {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }.joined()
    }

    private static func unescape(_ part: Substring) throws(JSONPointerError) -> String {
        guard part.utf8.contains(UInt8(ascii: "~")) else { return String(part) }
        var token = String.UnicodeScalarView()
        var scalars = part.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "~" else {
                token.append(scalar)
                continue
            }
            switch scalars.next() {
            case "0": token.append("~")
            case "1": token.append("/")
            default: throw .badEscape
            }
        }
        return String(token)
    }
}

/// Why a text is not a JSON Pointer.
public enum JSONPointerError: Error, Equatable, CustomStringConvertible {
    /// The text does not begin with `/`.
    case noLeadingSlash
    /// A `~` without 0 or 1 after it.
    case badEscape

    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .noLeadingSlash: "a JSON Pointer must begin with /"
        case .badEscape: "in a JSON Pointer, ~ must be followed by 0 or 1"
        }
    }
}
