/// The checked content of a tokenizer's files, `tokenizer.json` or `vocab.txt` and the settings beside them.
struct TokenizerModel: Sendable {
    /// A token that is found in the text itself.
    struct AddedToken: Sendable, Equatable {
        var content: String
        var id: Int32
        /// Whether its normal form is found in the normalized text.
        var isNormalized: Bool
        /// Whether it precedes others of the same form.
        var isSpecial: Bool
    }

    /// The file with the vocabulary.
    let file: String
    var vocabulary = Vocabulary()
    var options = NormalizerOptions()
    var addedTokens: [AddedToken] = []
    var unknownID: Int32 = 0
    /// The most scalars of a word; a longer word is unknown.
    var longestWord = 100
    /// The ids before and after those of the text.
    var prefix: [Int32] = []
    var suffix: [Int32] = []

    /// Adds a token that is found in the text itself. Adds it to the vocabulary too, unless it has the same id there.
    mutating func add(_ token: AddedToken) throws(Vocabulary.Refusal) {
        guard !addedTokens.contains(where: { $0.id == token.id }) else { throw .duplicateID }
        if let known = vocabulary.id(of: token.content) {
            guard known == token.id else { throw .duplicateToken }
        } else {
            // Hugging Face numbers new tokens from the size of the vocabulary up, whatever the file says.
            let highest = addedTokens.map(\.id).max() ?? -1
            guard Int(token.id) == max(vocabulary.pieceCount, Int(highest) + 1) else { throw .notNext }
            try vocabulary.addToken(token.content, id: token.id)
        }
        addedTokens.append(token)
    }

    /// Whether this token is found in the text itself.
    func finds(_ content: String) -> Bool { addedTokens.contains { $0.content.utf8.elementsEqual(content.utf8) } }

    /// Reads `tokenizer.json`, or `vocab.txt` if there is none, and the settings beside it.
    static func read(directory: String) throws(WordPieceError) -> TokenizerModel {
        let model: TokenizerModel
        if let file = try FileBytes.read("\(directory)/tokenizer.json") {
            model = try read(file, settings: try TokenizerSettings.read(directory: directory))
        } else if let file = try FileBytes.read("\(directory)/vocab.txt") {
            model = try VocabularyFile.model(file, settings: try TokenizerSettings.read(directory: directory))
        } else {
            throw .missing(directory: directory)
        }
        try AddedTokensCheck.check(directory, against: model)
        return model
    }

    private static func read(_ file: FileBytes, settings: TokenizerSettings) throws(WordPieceError) -> TokenizerModel {
        try settings.checkFiles(hasTokenizerFile: true)
        var model = try TokenizerFile.model(file, isRebuilt: settings.isRebuilt)
        try settings.apply(to: &model)
        return model
    }
}
