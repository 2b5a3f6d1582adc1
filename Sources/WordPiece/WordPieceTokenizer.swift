/// Encodes text as token ids exactly as Hugging Face's fast BERT tokenizer does: added tokens, normalizer, words,
/// pieces, template.
public struct WordPieceTokenizer: Sendable {
    let model: TokenizerModel
    let normalizer: TextNormalizer
    let splitter = WordSplitter()
    /// Found in the original text.
    private(set) var rawTokens = AddedTokens()
    /// Found in the normalized text, by their normal form.
    private(set) var normalizedTokens = AddedTokens()

    /// Reads `tokenizer.json`, or `vocab.txt` if there is none. `tokenizer_config.json`, or else the tokenizer's class,
    /// decides on case, accents and ideographs, as in Hugging Face's `AutoTokenizer`.
    ///
    /// - Throws: ``WordPieceError``, also for whatever would give other ids than `AutoTokenizer`.
    public init(directory: String) throws(WordPieceError) {
        try self.init(try TokenizerModel.read(directory: directory))
    }

    /// - Throws: if the normal form of a token is empty, because such a token would match everywhere.
    init(_ model: TokenizerModel) throws(WordPieceError) {
        self.model = model
        normalizer = TextNormalizer(model.options)
        for token in model.addedTokens.filter(\.isSpecial) + model.addedTokens.filter({ !$0.isSpecial }) {
            if token.isNormalized {
                let form = normalForm(token.content)
                guard !form.isEmpty else {
                    throw .unsupported(
                        file: model.file,
                        feature: "added_tokens: \"\(token.content)\", which normalization makes empty,")
                }
                normalizedTokens.add(form, id: token.id)
            } else {
                rawTokens.add(Array(token.content.utf8), id: token.id)
            }
        }
    }

    /// One more than the highest token id: the rows that the base's word embeddings need.
    public var vocabularySize: Int { model.vocabulary.tokens.count }

    /// The id of `[UNK]`.
    public var unknownID: Int32 { model.unknownID }

    /// The token with this id; nil if the vocabulary has none.
    public func token(_ id: Int32) -> String? {
        model.vocabulary.tokens.indices.contains(Int(id)) ? model.vocabulary.tokens[Int(id)] : nil
    }

    /// The ids of `[CLS] … [SEP]`, cut to at most `maxTokens`, which includes the special tokens. Words without pieces
    /// become `[UNK]`.
    public func encode(_ text: String, maxTokens: Int) -> [Int32] {
        var text = text
        return text.withUTF8 { encode($0, maxTokens: maxTokens) }
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, maxTokens: Int) -> [Int32] {
        var ids = model.prefix
        // Texts have about four bytes per token. If that is too little, the array grows.
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

    /// Appends the tokens of text without raw added tokens. Stops soon after `limit` ids.
    private func appendTokens(of text: UnsafeBufferPointer<UInt8>, to ids: inout [Int32], limit: Int) {
        var position = 0
        while position < text.count, ids.count < limit {
            let end = normalizedTokens.isEmpty ? Self.stretchEnd(text, from: position) : text.count
            // On the stack, so that only the ids are allocated.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.stretch + TextNormalizer.margin) { memory in
                var normalized = ByteBuffer(lent: memory)
                normalizer.normalize(UnsafeBufferPointer(rebasing: text[position..<end]), into: &normalized)
                appendNormalized(
                    UnsafeBufferPointer(start: normalized.bytes, count: normalized.count), to: &ids, limit: limit)
            }
            position = end
        }
    }

    /// The bytes that are normalized at once. Text after the last token that counts is thus not read, and the rest
    /// stays in the first-level cache. With the normalizer's margin, this is the most that Swift puts on the stack.
    private static let stretch = 1024 - TextNormalizer.margin

    /// The end of the stretch from `start`: before a space, where neither a word nor a run of marks continues.
    static func stretchEnd(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard text.count - start > stretch else { return text.count }
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A }
        if let blank = text[(start + 1)..<(start + stretch)].lastIndex(where: isBlank) { return blank }
        return text[(start + stretch)...].firstIndex(where: isBlank) ?? text.count
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
