/// A path into a JSON document, as RFC 6901 writes it: `/kind`, `/items/0/name`; the empty one is the whole document.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// Reference tokens with `~1` and `~0` undone.
    public let tokens: [String]

    /// - Throws: ``JSONPointerError`` if the text is not a pointer.
    public init(_ text: String) throws(JSONPointerError) {
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.hasPrefix("/") else { throw .noLeadingSlash }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            tokens.append(try Self.unescape(part))
        }
        self.tokens = tokens
    }

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
    case noLeadingSlash
    case badEscape

    public var description: String {
        switch self {
        case .noLeadingSlash: "a JSON Pointer begins with /"
        case .badEscape: "in a JSON Pointer, ~ is followed by 0 or 1"
        }
    }
}
