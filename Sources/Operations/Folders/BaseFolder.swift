import BERT
import WordPiece

extension LoadedBase {
    /// Loads the base of a folder and its tokenizer.
    ///
    /// - Throws: `BaseError`, `WordPieceError`, or a failure if the tokenizer has more tokens than the base.
    public init(directory: String) throws {
        let base = try BERTBase(directory: directory)
        let tokenizer = try WordPieceTokenizer(directory: directory)
        let (tokens, rows) = (tokenizer.vocabularySize, base.configuration.vocabulary)
        guard tokens <= rows else {
            throw CommandFailure(
                .failed, "\(directory): the tokenizer has \(tokens) tokens, but config.json has vocab_size \(rows)")
        }
        (self.base, self.tokenizer) = (base, tokenizer)
    }
}
