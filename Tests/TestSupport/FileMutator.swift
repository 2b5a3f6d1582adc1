/// Damages the bytes of files as disks, networks and enemies do: the same seed gives the same damage.
public struct FileMutator: Sendable {
    private var random: TestRandom

    /// Words that parsers stumble over.
    private static let hostile: [String] = [
        "-1", "0", "1e309", "1.5", "99999999999999999999", "9223372036854775807", "18446744073709551615", "2147483648",
        "4294967296",
        "null", "true", "\"\"",
        "{}", "[]", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\u{0}",
        "\u{FEFF}", "e\u{301}",
        "[[[[[[[[[[[[[[[[", "[UNK]",
        "__metadata__", "F32", "F16", "I64", "\n", "\r\n", "\n\n", " ",
    ]

    /// Repeatable: the same seed makes the same mutations.
    public init(seed: UInt64) { random = TestRandom(seed: seed) }

    /// One to four damages.
    public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !result.isEmpty { damage(&result) }
        return result
    }

    /// As `mutated`, in the first `count` bytes only: where a format keeps its header.
    public mutating func mutated(_ bytes: [UInt8], within count: Int) -> [UInt8] {
        mutated(Array(bytes.prefix(count))) + bytes.dropFirst(count)
    }

    /// Whether something with this chance in a hundred happens.
    public mutating func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func damage(_ bytes: inout [UInt8]) {
        let place = Int.random(in: bytes.indices, using: &random)
        let length = Int.random(in: 1...24, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1, 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 3: bytes.removeSubrange(place..<min(place + length, bytes.count))
        case 4:
            bytes.insert(
                contentsOf: bytes[place..<min(place + length, bytes.count)],
                at: Int.random(in: 0...bytes.count, using: &random))
        case 5: bytes.insert(contentsOf: Array((Self.hostile.randomElement(using: &random) ?? "").utf8), at: place)
        case 6: replaceNumber(&bytes, from: place)
        case 7: bytes.swapAt(place, Int.random(in: bytes.indices, using: &random))
        default: if happens(30) { bytes.removeLast(bytes.count - place) }
        }
    }

    /// Puts a hostile word where the next digits stand.
    private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
        guard let first = bytes[place...].firstIndex(where: { 0x30...0x39 ~= $0 }) else { return }
        let end = bytes[first...].firstIndex { !(0x30...0x39 ~= $0) } ?? bytes.count
        bytes.replaceSubrange(first..<end, with: Array((Self.hostile.randomElement(using: &random) ?? "").utf8))
    }
}
