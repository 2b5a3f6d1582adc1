extension WordPieceTokenizer {
    /// All words of a text with their tokens, which are those of ``encode(_:maxTokens:)`` without a limit.
    public func words(_ text: String) -> TextWords {
        var text = text
        return text.withUTF8 { bytes in
            var words = TextWords()
            var position = 0
            while position < bytes.count {
                let match = rawTokens.firstMatch(in: bytes, from: position)
                append(bytes, position..<(match?.range.lowerBound ?? bytes.count), to: &words)
                if let match {
                    words.begin(match.range)
                    words.tokens.append(match.id)
                }
                position = match?.range.upperBound ?? bytes.count
            }
            return words
        }
    }

    /// `[CLS]`, some tokens of a text, `[SEP]`.
    public func sequence(_ tokens: some Sequence<Int32>) -> [Int32] { model.prefix + tokens + model.suffix }

    /// How many tokens ``sequence(_:)`` adds.
    public var addedTokenCount: Int { model.prefix.count + model.suffix.count }

    /// Appends the words of a part of a text without raw added tokens.
    private func append(_ text: UnsafeBufferPointer<UInt8>, _ part: Range<Int>, to words: inout TextWords) {
        let text = UnsafeBufferPointer(rebasing: text[..<part.upperBound])
        var sources: [Int] = []
        var position = part.lowerBound
        while position < text.count {
            let end = normalizedTokens.isEmpty ? Self.stretchEnd(text, from: position) : text.count
            var normalized = ByteBuffer(capacity: end - position + TextNormalizer.margin)
            sources.removeAll(keepingCapacity: true)
            let stretch = UnsafeBufferPointer(rebasing: text[position..<end])
            normalizer.normalize(stretch, into: &normalized, sources: &sources)
            let form = UnsafeBufferPointer<UInt8>(start: normalized.bytes, count: normalized.count)
            append(NormalizedStretch(form: form, sources: sources, start: position, end: end), to: &words)
            position = end
        }
    }

    private func append(_ stretch: NormalizedStretch, to words: inout TextWords) {
        let form = stretch.form
        var position = 0
        while position < form.count {
            let match = normalizedTokens.firstMatch(in: form, from: position)
            let end = match?.range.lowerBound ?? form.count
            splitter.forEachWord(UnsafeBufferPointer(rebasing: form[position..<end])) { word, scalars in
                words.begin(stretch.bytes(of: word))
                if scalars > model.longestWord || !model.vocabulary.trie.appendPieces(of: word, to: &words.tokens) {
                    words.tokens.append(model.unknownID)
                }
                return true
            }
            if let match {
                words.begin(stretch.bytes(of: match.range))
                words.tokens.append(match.id)
            }
            position = match?.range.upperBound ?? form.count
        }
    }

    /// A stretch of text in its normal form.
    private struct NormalizedStretch {
        let form: UnsafeBufferPointer<UInt8>
        /// For each byte of the form, where the scalar that it comes from begins in the stretch.
        let sources: [Int]
        /// Where the stretch begins and ends in the text.
        let start: Int
        let end: Int

        /// Where a word of the form stands in the text.
        func bytes(of word: UnsafeBufferPointer<UInt8>) -> Range<Int> {
            guard let first = word.baseAddress, let base = form.baseAddress else { return start..<start }
            return bytes(of: (first - base)..<(first - base + word.count))
        }

        func bytes(of range: Range<Int>) -> Range<Int> {
            // Up to the next scalar that leaves anything in the form: accents that are removed follow their letter.
            var next = range.upperBound
            while next < sources.count, sources[next] == sources[range.upperBound - 1] { next += 1 }
            let upper = next < sources.count ? start + sources[next] : end
            return (start + sources[range.lowerBound])..<upper
        }
    }
}
