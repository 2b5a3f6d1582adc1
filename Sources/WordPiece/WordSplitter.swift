/// BERT's pre-tokenizer: splits normalized text at white space and around each punctuation mark.
struct WordSplitter: Sendable {
    /// The kinds of scalars. In `ascii`, all bytes of longer scalars are `notASCII`.
    private enum Kind {
        static let letter: UInt32 = 0
        static let blank: UInt32 = 1
        static let mark: UInt32 = 2
        static let notASCII: UInt32 = 3
    }

    private var ascii = [UInt8](repeating: UInt8(Kind.notASCII), count: 256)
    private var table = ScalarTable()

    init() {
        for range in UnicodeRules.shared.punctuation { table.set(range, to: Kind.mark) }
        for range in UnicodeRules.shared.whitespace { table.set(range, to: Kind.blank) }
        for byte in 0..<128 { ascii[byte] = UInt8(table[UInt32(byte)]) }
    }

    /// Calls `body` with the bytes and number of scalars of each word in order, until it returns false.
    ///
    /// - Parameter text: valid UTF-8.
    @inline(__always)
    func forEachWord(
        _ text: UnsafeBufferPointer<UInt8>, _ body: (_ word: UnsafeBufferPointer<UInt8>, _ scalars: Int) -> Bool
    ) {
        ascii.withUnsafeBufferPointer { ascii in
            var position = 0
            while position < text.count {
                let first = position
                var scalars = 0
                var kind = Kind.letter
                var length = 1
                while position < text.count {
                    kind = UInt32(ascii[Int(text[position])])
                    length = 1
                    if kind == Kind.notASCII { (kind, length) = longerScalar(text, at: position) }
                    if kind != Kind.letter { break }
                    scalars += 1
                    position += length
                }
                if position > first, !body(UnsafeBufferPointer(rebasing: text[first..<position]), scalars) { return }
                guard position < text.count else { return }
                if kind == Kind.mark, !body(UnsafeBufferPointer(rebasing: text[position..<position + length]), 1) {
                    return
                }
                position += length
            }
        }
    }

    private func longerScalar(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> (kind: UInt32, length: Int) {
        guard let start = text.baseAddress else { return (Kind.blank, 1) }
        let (scalar, length) = ByteBuffer.decodeScalar(start + position)
        return (table[scalar], length)
    }
}
