/// `vocab.txt`: one token a line, its id the line's number from 0.
struct VocabularyFile {
    static func model(_ file: FileBytes, settings: TokenizerSettings) throws(WordPieceError) -> TokenizerModel {
        try settings.checkClassReadsVocabularies()
        var model = TokenizerModel(file: file.path)
        settings.apply(to: &model.options)
        for (index, line) in try lines(file).enumerated() {
            guard let token = String(validating: line, as: UTF8.self) else {
                throw .malformed(file: file.path, reason: "line \(index + 1) is not UTF-8")
            }
            do {
                try model.vocabulary.addPiece(
                    token, id: Int32(truncatingIfNeeded: index), continuationPrefix: Array("##".utf8))
            } catch {
                throw .malformed(file: file.path, reason: "line \(index + 1): \"\(token)\": \(error.reason)")
            }
        }
        model.unknownID = try id(of: settings.unknown, model, file)
        model.prefix = [try id(of: settings.start, model, file)]
        model.suffix = [try id(of: settings.end, model, file)]
        // transformers would number one that is missing itself, past the end of the base's embeddings.
        for token in Set([settings.unknown, settings.start, settings.end] + settings.others) {
            let id = try id(of: token, model, file)
            model.addedTokens.append(TokenizerModel.AddedToken(content: token, id: id, isNormalized: false, isSpecial: true))
        }
        return model
    }

    /// The lines without their ends, empty ones after the last token left out.
    private static func lines(_ file: FileBytes) throws(WordPieceError) -> [ArraySlice<UInt8>] {
        var lines = file.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else { throw .malformed(file: file.path, reason: "no tokens") }
        return lines
    }

    private static func id(of token: String, _ model: TokenizerModel, _ file: FileBytes) throws(WordPieceError) -> Int32 {
        guard let id = model.vocabulary.id(of: token) else {
            throw .malformed(file: file.path, reason: "the token \"\(token)\" is missing")
        }
        return id
    }
}
