import WordPiece

/// `lorikeet tokenize`: the token ids and tokens of texts.
public struct TextTokenizer: Sendable {
    private let tokenizer: WordPieceTokenizer
    private let maxTokens: Int

    /// - Parameters:
    ///   - base: folder of the base, of which only the tokenizer is loaded.
    ///   - maxTokens: texts are cut to this many tokens; nil: the usual limit.
    public init(base: String, maxTokens: Int?) throws {
        tokenizer = try WordPieceTokenizer(directory: base)
        self.maxTokens = try TokenLimit.checked(maxTokens, directory: base)
    }

    /// The ids of a text with their tokens.
    public func tokens(_ text: String) -> [(id: Int32, token: String?)] {
        tokenizer.encode(text, maxTokens: maxTokens).map { ($0, tokenizer.token($0)) }
    }
}
