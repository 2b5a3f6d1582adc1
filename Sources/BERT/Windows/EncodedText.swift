/// A text as the sequences that the base reads.
public struct EncodedText: Sendable, Equatable {
    /// A part of a text.
    public struct Window: Sendable, Equatable {
        /// `[CLS]` … `[SEP]`.
        public var tokens: [Int32]
        /// The characters of the original text that it holds, as Unicode scalars from 0; nil for a whole or cut text.
        public var characters: Range<Int>?

        /// - Parameters: as the properties.
        public init(tokens: [Int32], characters: Range<Int>? = nil) {
            (self.tokens, self.characters) = (tokens, characters)
        }
    }

    /// In their order, at least one.
    public var windows: [Window]
    /// The tokens of the whole text, without `[CLS]` and `[SEP]`; nil where the text is short enough for one sequence,
    /// or is cut.
    public var longTextTokens: Int?

    /// A text in windows.
    public init(windows: [Window], longTextTokens: Int) {
        (self.windows, self.longTextTokens) = (windows, longTextTokens)
    }

    /// A text as one sequence.
    public init(_ tokens: [Int32]) { self.init([tokens]) }

    /// Windows that are tokens already.
    public init(_ windows: [[Int32]]) { self.windows = windows.map { Window(tokens: $0) } }
}
