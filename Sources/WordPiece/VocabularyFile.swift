/// Reads `vocab.txt`: one token per line, whose id is the number of the line from 0 up.
struct VocabularyFile {
    static func model(_ file: FileBytes, settings: TokenizerSettings) throws(WordPieceError) -> TokenizerModel {
        try settings.checkFiles(hasTokenizerFile: false)
        var model = TokenizerModel(file: file.path)
        model.options = settings.options
        for (index, line) in try lines(file).enumerated() {
            guard let token = String(validating: line, as: UTF8.self) else {
                throw .malformed(file: file.path, reason: "line \(index + 1) is not UTF-8")
            }
            guard !isReadDifferently(token) else {
                throw .unsupported(
                    file: file.path, feature: "line \(index + 1): \"\(token)\", which ends with a blank,")
            }
            do {
                try model.vocabulary.addPiece(
                    token, id: Int32(truncatingIfNeeded: index), continuationPrefix: Array("##".utf8))
            } catch {
                throw .malformed(file: file.path, reason: "line \(index + 1): \"\(token)\": \(error.reason)")
            }
        }
        model.unknownID = try settings.specials.id("unk_token", "[UNK]", model)
        model.prefix = [try settings.specials.id("cls_token", "[CLS]", model)]
        model.suffix = [try settings.specials.id("sep_token", "[SEP]", model)]
        try settings.specials.add(to: &model, onlyNamed: false)
        return model
    }

    /// transformers 5 trims white space at the end of a token, transformers 4 keeps it. A token of white space alone
    /// occurs in no text either way.
    private static func isReadDifferently(_ token: String) -> Bool {
        guard let last = token.unicodeScalars.last, last.properties.isWhitespace else { return false }
        return token.unicodeScalars.contains { !$0.properties.isWhitespace }
    }

    /// The lines without their ends and without empty ones at the end of the file.
    private static func lines(_ file: FileBytes) throws(WordPieceError) -> [ArraySlice<UInt8>] {
        var lines = file.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { $0.last == 0x0D ? $0.dropLast() : $0 }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else { throw .malformed(file: file.path, reason: "has no tokens") }
        return lines
    }
}
