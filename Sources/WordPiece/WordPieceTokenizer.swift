/// Text to token ids, exactly as Hugging Face's fast BERT tokenizer does it: added tokens, normaliser, words, pieces, template.
public struct WordPieceTokenizer: Sendable {
    private let model: TokenizerModel
    private let normalizer: TextNormalizer
    private let splitter = WordSplitter()
    /// Found in the text as it came.
    private var rawTokens = AddedTokens()
    /// Found in the normalised text, in their own normal form.
    private var normalizedTokens = AddedTokens()

    /// Reads `tokenizer.json`, or `vocab.txt` where there is none; `tokenizer_config.json` has the last word on case,
    /// accents and CJK, as in Hugging Face's `AutoTokenizer`.
    public init(directory: String) throws(WordPieceError) {
        self.init(try TokenizerModel.read(directory: directory))
    }

    init(_ model: TokenizerModel) {
        self.model = model
        normalizer = TextNormalizer(model.options)
        for token in model.addedTokens {
            if token.isNormalized {
                normalizedTokens.add(normalForm(token.content), id: token.id)
            } else {
                rawTokens.add(Array(token.content.utf8), id: token.id)
            }
        }
    }

    /// One more than the highest token id: the rows that the base's word embeddings must have.
    public var vocabularySize: Int { model.vocabulary.tokens.count }

    /// The token with this id; nil outside the vocabulary.
    public func token(_ id: Int32) -> String? {
        model.vocabulary.tokens.indices.contains(Int(id)) ? model.vocabulary.tokens[Int(id)] : nil
    }

    /// `[CLS] … [SEP]`, cut to at most `maxTokens` ids, the special ones included. Never fails: what has no pieces is `[UNK]`.
    public func encode(_ text: String, maxTokens: Int) -> [Int32] {
        var text = text
        return text.withUTF8 { encode($0, maxTokens: maxTokens) }
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, maxTokens: Int) -> [Int32] {
        var ids = model.prefix
        // Texts have some four bytes a token; the array grows where that is too little.
        ids.reserveCapacity(min(maxTokens, text.count / 3 + 2 + model.prefix.count + model.suffix.count))
        let limit = max(maxTokens - model.suffix.count, 0)
        var position = 0
        while position < text.count, ids.count < limit {
            let match = rawTokens.firstMatch(in: text, from: position)
            let end = match?.range.lowerBound ?? text.count
            appendTokens(of: UnsafeBufferPointer(rebasing: text[position..<end]), to: &ids, limit: limit)
            if let match { ids.append(match.id) }
            position = match?.range.upperBound ?? text.count
        }
        if ids.count > limit { ids.removeLast(ids.count - limit) }
        ids += model.suffix
        return ids.count > maxTokens ? Array(ids.prefix(max(maxTokens, 0))) : ids
    }

    /// Appends the tokens of text without raw added tokens, not many more than `limit` in all.
    private func appendTokens(of text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32], limit: Int) {
        var position = 0
        while position < text.count, ids.count < limit {
            let end = normalizedTokens.isEmpty ? chunkEnd(text, from: position, tokens: limit - ids.count) : text.count
            var normalized = ByteBuffer(capacity: end - position + 64)
            normalizer.normalize(UnsafeBufferPointer(rebasing: text[position..<end]), into: &normalized)
            appendNormalized(UnsafeBufferPointer(start: normalized.bytes, count: normalized.count), to: &ids, limit: limit)
            position = end
        }
    }

    /// The end of a stretch that likely holds so many tokens: a long text of which only the head counts is not read to its
    /// end. Only before a blank, where neither a word nor a run of marks can continue.
    private func chunkEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int, tokens: Int) -> Int {
        var end = start + tokens.multipliedReportingOverflow(by: 8).partialValue.clamped(to: 1024...1 << 20)
        guard end < text.count else { return text.count }
        while end < text.count, text[end] != 0x20, text[end] != 0x0A { end += 1 }
        return end
    }

    private func appendNormalized(_ text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32], limit: Int) {
        var position = 0
        while position < text.count, ids.count < limit {
            let match = normalizedTokens.firstMatch(in: text, from: position)
            let end = match?.range.lowerBound ?? text.count
            appendWords(of: UnsafeBufferPointer(rebasing: text[position..<end]), to: &ids, limit: limit)
            if let match { ids.append(match.id) }
            position = match?.range.upperBound ?? text.count
        }
    }

    private func appendWords(of text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32], limit: Int) {
        splitter.forEachWord(text) { word, scalars in
            if scalars > model.longestWord || !model.vocabulary.trie.appendPieces(of: word, to: &ids) {
                ids.append(model.unknownID)
            }
            return ids.count < limit
        }
    }

    private func normalForm(_ text: String) -> [UInt8] {
        var buffer = ByteBuffer(capacity: text.utf8.count + 64)
        var text = text
        text.withUTF8 { normalizer.normalize($0, into: &buffer) }
        return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
    }
}

extension Int {
    fileprivate func clamped(to range: ClosedRange<Int>) -> Int { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}
