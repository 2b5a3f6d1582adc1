/// All tokens of a text, and the words that they belong to, each with its place in the original text.
///
/// A word is what the tokenizer never looks beyond: a run of letters, a punctuation mark, an ideograph or an added
/// token.
public struct TextWords: Sendable, Equatable {
    /// The ids of the text, without `[CLS]` and `[SEP]`.
    public internal(set) var tokens: [Int32] = []
    /// Where each word begins among the tokens, in ascending order.
    public private(set) var firstTokens: [UInt32] = []
    /// Where each word begins in the text, in bytes of UTF-8.
    private var lowerBounds: [UInt32] = []
    /// Where each word ends. What normalization removes behind a word, such as an accent of its last letter, is part of
    /// it.
    private var upperBounds: [UInt32] = []

    /// Without words.
    init() {}

    /// The number of words.
    public var count: Int { firstTokens.count }

    /// The index of a word's first token; the number of tokens for the word behind the last.
    public func firstToken(_ word: Int) -> Int { word < count ? Int(firstTokens[word]) : tokens.count }

    /// The tokens of some words.
    public func tokens(of words: Range<Int>) -> ArraySlice<Int32> {
        tokens[firstToken(words.lowerBound)..<firstToken(words.upperBound)]
    }

    /// The bytes of the text from the first of some words to the end of the last.
    public func bytes(of words: Range<Int>) -> Range<Int> {
        guard let last = words.last else { return 0..<0 }
        return Int(lowerBounds[words.lowerBound])..<Int(upperBounds[last])
    }

    /// Adds a word whose tokens follow those that are here.
    mutating func begin(_ bytes: Range<Int>) {
        firstTokens.append(UInt32(clamping: tokens.count))
        lowerBounds.append(UInt32(clamping: bytes.lowerBound))
        upperBounds.append(UInt32(clamping: bytes.upperBound))
    }
}
