import Files
import WordPiece

/// A text without differences that do not matter: case, white space, Unicode normalization.
///
/// Two rows with the same normalized text have the same text, and its hash decides for good whether it is held out. A
/// change here would move rows between training and hold-out. Only the hash is kept: 100,000 long texts would take too
/// much memory.
public struct NormalizedText: Hashable, Sendable {
    /// Whether nothing is left of the text.
    public let isEmpty: Bool
    /// SHA-256 over the UTF-8 bytes.
    private let digest: SHA256.Digest

    /// The first 64 bits of the digest.
    public var hash64: UInt64 { digest.prefix64 }

    /// Normalizes and hashes a text.
    public init(_ text: String) {
        let value = Self.normalizedASCII(text.utf8) ?? Self.normalized(text)
        isEmpty = value.isEmpty
        digest = SHA256.hash(value)
    }

    static func normalized(_ text: String) -> [UInt8] {
        let words = text.nfc.lowercased().split(whereSeparator: \.isWhitespace)
        return Array(words.joined(separator: " ").utf8)
    }

    /// The same for a text of ASCII, many times faster; nil for other texts.
    static func normalizedASCII(_ text: String.UTF8View) -> [UInt8]? {
        var value: [UInt8] = []
        value.reserveCapacity(text.count)
        var isBlankBefore = false
        for byte in text {
            switch byte {
            case 0x80...: return nil
            case 0x09...0x0D, 0x20: isBlankBefore = true
            default:
                if isBlankBefore, !value.isEmpty { value.append(0x20) }
                isBlankBefore = false
                value.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return value
    }
}
