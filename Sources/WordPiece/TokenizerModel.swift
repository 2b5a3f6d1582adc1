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

    /// Reads `tokenizer.json`, or `vocab.txt` where there is none, and `tokenizer_config.json` where there is one.
    static func read(directory: String) throws(WordPieceError) -> TokenizerModel {
        let settings = try TokenizerSettings.read(directory: directory)
        if let file = try FileBytes.read("\(directory)/tokenizer.json") {
            var model = try TokenizerFile.model(file)
            try settings?.checkTemplate(of: model)
            settings?.apply(to: &model.options)
            try ForeignTokens.check(directory, against: model)
            return model
        }
        if let file = try FileBytes.read("\(directory)/vocab.txt") {
            let settings = settings ?? TokenizerSettings(path: "\(directory)/tokenizer_config.json")
            let model = try VocabularyFile.model(file, settings: settings)
            try ForeignTokens.check(directory, against: model)
            return model
        }
        throw .missing(directory: directory)
    }
}
