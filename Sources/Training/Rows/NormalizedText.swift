import Crypto
import Foundation

/// A text without the differences that do not make it another one: case, blanks, Unicode's ways to write the same.
///
/// Two rows with the same normalised text are the same text; its hash decides for ever whether it is held out. A change here
/// would move rows between training and hold-out.
public struct NormalizedText: Hashable, Sendable {
    let value: String

    public init(_ text: String) {
        value = text.precomposedStringWithCanonicalMapping.lowercased().split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
    }

    public var isEmpty: Bool { value.isEmpty }

    /// The first 64 bits of SHA-256 over the UTF-8 bytes.
    var hash64: UInt64 {
        SHA256.hash(data: Data(value.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // Swift compares strings by canonical equivalence; bytes are what the hash sees.
    public static func == (left: Self, right: Self) -> Bool { left.value.utf8.elementsEqual(right.value.utf8) }

    public func hash(into hasher: inout Hasher) {
        for byte in value.utf8 { hasher.combine(byte) }
    }
}
