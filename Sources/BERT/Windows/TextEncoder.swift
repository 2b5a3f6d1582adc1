import WordPiece

/// Makes sequences of texts: each cut to a number of tokens, or in windows where it is long.
public struct TextEncoder: Sendable {
    private let tokenizer: WordPieceTokenizer
    private let maxTokens: Int
    private let longTexts: LongTexts?

    /// - Parameters:
    ///   - maxTokens: what texts are cut to where `longTexts` is nil.
    ///   - longTexts: how longer texts are read; nil: they are cut.
    public init(tokenizer: WordPieceTokenizer, maxTokens: Int, longTexts: LongTexts? = nil) {
        (self.tokenizer, self.maxTokens, self.longTexts) = (tokenizer, maxTokens, longTexts)
    }

    /// How the answers of windows become one.
    public var pool: LongTexts.Pool { longTexts?.pool ?? .mean }

    /// The sequences of a text. One that fits into a window is one sequence, the same as if it were cut.
    public func encode(_ text: String) -> EncodedText {
        guard let longTexts else { return EncodedText(tokenizer.encode(text, maxTokens: maxTokens)) }
        // One token more says whether the text is longer.
        let whole = tokenizer.encode(text, maxTokens: longTexts.window + 1)
        if whole.count <= longTexts.window { return EncodedText(whole) }
        let words = tokenizer.words(text)
        let capacity = max(longTexts.window - tokenizer.addedTokenCount, 1)
        let windows = WindowPlan.windows(
            words, capacity: capacity, stride: longTexts.stride, maximum: longTexts.budget)
        let characters = Self.characters(of: windows.map(words.bytes), in: text)
        return EncodedText(
            windows: zip(windows, characters).map { window, characters in
                // A word that is longer than a window is cut.
                EncodedText.Window(
                    tokens: tokenizer.sequence(words.tokens(of: window).prefix(capacity)), characters: characters)
            }, longTextTokens: words.tokens.count)
    }

    /// Ranges of bytes as ranges of Unicode scalars.
    private static func characters(of ranges: [Range<Int>], in text: String) -> [Range<Int>] {
        var text = text
        return text.withUTF8 { bytes in
            // Windows begin in ascending order, so each bound is counted from that of the window before.
            var lower = (byte: 0, scalar: 0)
            return ranges.map { range in
                lower = (range.lowerBound, lower.scalar + scalars(in: bytes[lower.byte..<range.lowerBound]))
                return lower.scalar..<(lower.scalar + scalars(in: bytes[range]))
            }
        }
    }

    private static func scalars(in bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}
