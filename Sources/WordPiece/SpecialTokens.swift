import JSON

/// The special tokens of a tokenizer: those that its files name, else those of BERT's classes.
struct SpecialTokens {
    /// A key's value in one of the files.
    struct Named {
        /// nil if the file has null.
        var content: String?
        /// Whether it is found in the original text instead of its normal form, and within words too.
        var isLiteral: Bool
        let file: String
    }

    static let defaults = [
        ("unk_token", "[UNK]"), ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"),
        ("mask_token", "[MASK]"),
    ]
    /// Without these no text can be encoded.
    static let required = ["unk_token", "cls_token", "sep_token"]

    private(set) var named: [String: Named] = [:]

    /// Takes over the tokens that a file names. They replace those read before.
    mutating func read(_ file: JSONFile) throws(WordPieceError) {
        for (key, _) in Self.defaults {
            guard let value = file.root[key] else { continue }
            named[key] = try Self.named(value, key, file.path)
        }
    }

    private static func named(_ value: JSONValue, _ key: String, _ file: String) throws(WordPieceError) -> Named {
        if value.isNull { return Named(content: nil, isLiteral: true, file: file) }
        guard let content = value.tokenContent else { throw .malformed(file: file, reason: "\(key) is not a token") }
        guard case .object = value else { return Named(content: content, isLiteral: true, file: file) }
        func says(_ key: String, _ expected: Bool) -> Bool {
            if case .boolean(expected)? = value[key] { true } else { false }
        }
        return Named(content: content, isLiteral: says("normalized", false) && !says("single_word", true), file: file)
    }

    /// The token of a key; nil if a file has null.
    func content(_ key: String, default standard: String) -> String? {
        guard let named = named[key] else { return standard }
        return named.content
    }

    /// The token of a required key.
    func required(_ key: String, _ standard: String) throws(WordPieceError) -> String {
        guard let content = content(key, default: standard) else {
            throw .unsupported(file: named[key]?.file ?? "", feature: "\(key): null")
        }
        return content
    }

    /// Makes the model find each special token in texts, as transformers does even if `tokenizer.json` does not list
    /// it.
    ///
    /// - Parameter onlyNamed: whether to leave out those that no file names.
    func add(to model: inout TokenizerModel, onlyNamed: Bool) throws(WordPieceError) {
        for (key, standard) in Self.defaults where !onlyNamed || named[key] != nil {
            guard let content = content(key, default: standard), !model.finds(content) else { continue }
            guard let id = model.vocabulary.id(of: content) else { throw missing(key, content, model) }
            if let named = named[key], !named.isLiteral {
                throw .unsupported(file: named.file, feature: "\(key): \"\(content)\", normalized or a single word,")
            }
            model.addedTokens.append(
                TokenizerModel.AddedToken(content: content, id: id, isNormalized: false, isSpecial: true))
        }
    }

    /// The error for a token that transformers would number itself, beyond the base's embeddings.
    private func missing(_ key: String, _ content: String, _ model: TokenizerModel) -> WordPieceError {
        if let named = named[key] { return AddedTokensCheck.unsupported(named.file, key, content) }
        return .malformed(file: model.file, reason: "the token \"\(content)\" is missing")
    }

    /// The id of a required token, for a vocabulary without a template.
    func id(_ key: String, _ standard: String, _ model: TokenizerModel) throws(WordPieceError) -> Int32 {
        let content = try required(key, standard)
        guard let id = model.vocabulary.id(of: content) else { throw missing(key, content, model) }
        return id
    }
}
