/// All that a tokenizer's files say, checked: what `tokenizer.json` and `vocab.txt` are read into.
struct TokenizerModel: Sendable {
    /// A token that is found in the text itself.
    struct AddedToken: Sendable, Equatable {
        var content: String
        var id: Int32
        /// Compared with the normalised text, in normal form itself.
        var isNormalized: Bool
        /// Goes before others of the same form.
        var isSpecial: Bool
    }

    /// The file that it was read from.
    let file: String
    var vocabulary = Vocabulary()
    var options = NormalizerOptions()
    var addedTokens: [AddedToken] = []
    var unknownID: Int32 = 0
    /// Scalars; a longer word is unknown.
    var longestWord = 100
    /// Ids before and after those of the text.
    var prefix: [Int32] = []
    var suffix: [Int32] = []

    /// Adds a token that is found in the text itself, to the vocabulary too unless it is there under the same id.
    mutating func add(_ token: AddedToken) throws(Vocabulary.Refusal) {
        guard !addedTokens.contains(where: { $0.id == token.id }) else { throw .duplicateID }
        if let known = vocabulary.id(of: token.content) {
            guard known == token.id else { throw .duplicateToken }
        } else {
            // Hugging Face numbers them itself, from the size of the vocabulary on, whatever the file says.
            let highest = addedTokens.map(\.id).max() ?? -1
            guard Int(token.id) == max(vocabulary.pieceCount, Int(highest) + 1) else { throw .notNext }
            try vocabulary.addToken(token.content, id: token.id)
        }
        addedTokens.append(token)
    }

    /// True if this token is found in the text itself.
    func finds(_ content: String) -> Bool { addedTokens.contains { $0.content.utf8.elementsEqual(content.utf8) } }

    /// Reads `tokenizer.json`, or `vocab.txt` where there is none, and the settings beside it.
    static func read(directory: String) throws(WordPieceError) -> TokenizerModel {
        let model: TokenizerModel
        if let file = try FileBytes.read("\(directory)/tokenizer.json") {
            model = try read(file, settings: try TokenizerSettings.read(directory: directory))
        } else if let file = try FileBytes.read("\(directory)/vocab.txt") {
            model = try VocabularyFile.model(file, settings: try TokenizerSettings.read(directory: directory))
        } else {
            throw .missing(directory: directory)
        }
        try ForeignTokens.check(directory, against: model)
        return model
    }

    private static func read(_ file: FileBytes, settings: TokenizerSettings) throws(WordPieceError) -> TokenizerModel {
        try settings.checkFiles(hasTokenizerFile: true)
        var model = try TokenizerFile.model(file, isRebuilt: settings.isRebuilt)
        try settings.apply(to: &model)
        return model
    }
}
