/// Tokens that are found in the text itself, before it is split into words: `[CLS]`, `[SEP]` and those of users.
///
/// The first match wins; of several at one place, the longest.
struct AddedTokens: Sendable {
    private struct Entry: Sendable {
        var bytes: [UInt8]
        var id: Int32
    }

    /// By first byte, the longest token first.
    private var entries = [[Entry]](repeating: [], count: 256)
    private var starts = [Bool](repeating: false, count: 256)
    private(set) var isEmpty = true

    mutating func add(_ bytes: [UInt8], id: Int32) {
        guard let first = bytes.first else { return }
        isEmpty = false
        starts[Int(first)] = true
        entries[Int(first)].append(Entry(bytes: bytes, id: id))
        entries[Int(first)].sort { $0.bytes.count > $1.bytes.count }
    }

    /// The first token in `text` at or after `start`.
    func firstMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
        guard !isEmpty else { return nil }
        return starts.withUnsafeBufferPointer { starts in
            for position in start..<text.count where starts[Int(text[position])] {
                for entry in entries[Int(text[position])] where matches(entry.bytes, text, at: position) {
                    return (position..<position + entry.bytes.count, entry.id)
                }
            }
            return nil
        }
    }

    private func matches(_ bytes: [UInt8], _ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        guard position + bytes.count <= text.count else { return false }
        for offset in bytes.indices where text[position + offset] != bytes[offset] { return false }
        return true
    }
}
