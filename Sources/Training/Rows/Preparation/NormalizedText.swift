import Files
import Foundation

/// A text without the differences that do not make it another one: case, blanks, Unicode's ways to write the same.
///
/// Two rows with the same normalised text are the same text; its hash decides for ever whether it is held out. A change here
/// would move rows between training and hold-out. What is kept is the hash alone: of 100,000 long texts the texts would be too much.
public struct NormalizedText: Hashable, Sendable {
    public let isEmpty: Bool
    /// SHA-256 over the UTF-8 bytes.
    private let digest: SHA256.Digest

    /// The first 64 bits of the digest.
    var hash64: UInt64 { digest.prefix64 }

    public init(_ text: String) {
        let value = Self.normalizedASCII(text.utf8) ?? Self.normalized(text)
        isEmpty = value.isEmpty
        digest = SHA256.hash(value)
    }

    static func normalized(_ text: String) -> [UInt8] {
        let words = text.precomposedStringWithCanonicalMapping.lowercased().split(whereSeparator: \.isWhitespace)
        return Array(words.joined(separator: " ").utf8)
    }

    /// The same, many times faster; nil for a text that has other characters.
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
