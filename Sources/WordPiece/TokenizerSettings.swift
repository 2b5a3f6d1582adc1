import JSON

/// The settings in the files beside `tokenizer.json` and `vocab.txt`, resolved as in transformers' `AutoTokenizer`: a
/// missing key has the default of the tokenizer's class, whatever `tokenizer.json` has.
struct TokenizerSettings {
    let path: String
    var tokenizerClass = TokenizerClass()
    /// Used if the class is one of BERT's.
    var options = NormalizerOptions()
    var specials = SpecialTokens()
    /// The tokens of `added_tokens_decoder`; nil if it is missing.
    private var decoder: [String]?
    private var root = JSONValue.object([])

    init(path: String) { self.path = path }

    static func read(directory: String) throws(WordPieceError) -> TokenizerSettings {
        let file = try JSONFile.read(directory, "tokenizer_config.json")
        let configuration = try JSONFile.read(directory, "config.json")
        let tokens = try JSONFile.read(directory, "special_tokens_map.json")
        return try TokenizerSettings("\(directory)/tokenizer_config.json", file, configuration, tokens)
    }

    /// The settings of `tokenizer_config.json` alone.
    static func read(_ file: FileBytes) throws(WordPieceError) -> TokenizerSettings {
        try TokenizerSettings(file.path, try JSONFile(file), nil, nil)
    }

    private init(
        _ path: String, _ file: JSONFile?, _ configuration: JSONFile?, _ specialTokensMap: JSONFile?
    ) throws(WordPieceError) {
        self.path = path
        tokenizerClass = try TokenizerClass(settings: file, configuration: configuration)
        if let file {
            root = file.root
            if tokenizerClass.kind != .tokenizerFileAlone { options = try readOptions() }
            try refuseWhatIsNotDone()
            try specials.read(file)
            if case .object(let members)? = root["added_tokens_decoder"] {
                decoder = members.compactMap { $0.1.tokenContent }
            }
        }
        // transformers ignores this file if there is added_tokens_decoder.
        if let specialTokensMap, root["added_tokens_decoder"] == nil { try specials.read(specialTokensMap) }
    }

    private func readOptions() throws(WordPieceError) -> NormalizerOptions {
        var options = NormalizerOptions()
        options.lowercases = try truth("do_lower_case") ?? options.lowercases
        options.splitsIdeographs = try truth("tokenize_chinese_chars") ?? options.splitsIdeographs
        options.stripsAccents = try boolean("strip_accents")
        return options
    }

    private func refuseWhatIsNotDone() throws(WordPieceError) {
        for (key, refused) in [("do_basic_tokenize", false), ("split_special_tokens", true), ("from_slow", true)] {
            if try boolean(key) == refused { throw unsupported(key, "\(refused)") }
        }
        if case .string(let side)? = root["truncation_side"], side != "right" {
            throw unsupported("truncation_side", "\"\(side)\"")
        }
        if case .array(let words)? = root["never_split"], !words.isEmpty { throw unsupported("never_split", "[…]") }
        if case .array(let files)? = root["fast_tokenizer_files"] {
            let others = files.filter { if case .string("tokenizer.json") = $0 { false } else { true } }
            if let other = others.first { throw unsupported("fast_tokenizer_files", other.summary) }
        }
    }

    /// Refuses a key that makes transformers 4 read another file than transformers 5.
    func checkFiles(hasTokenizerFile: Bool) throws(WordPieceError) {
        try tokenizerClass.check(hasTokenizerFile: hasTokenizerFile)
        let key = hasTokenizerFile ? "tokenizer_file" : "vocab_file"
        if let value = root[key] { throw unsupported(key, value.summary) }
    }

    // MARK: - tokenizer.json

    /// Whether transformers 5 uses only the tokens of `tokenizer.json` and rebuilds the rest.
    var isRebuilt: Bool { tokenizerClass.kind != .tokenizerFileAlone }

    /// Applies the settings to the content of `tokenizer.json`. Refuses what the versions of transformers do
    /// differently.
    func apply(to model: inout TokenizerModel) throws(WordPieceError) {
        if isRebuilt {
            try checkTemplate(of: model)
            try checkDecoder(of: model)
            model.options = options
        }
        try specials.add(to: &model, onlyNamed: !isRebuilt)
    }

    /// transformers 4 uses the special tokens of `tokenizer.json`, transformers 5 those of the settings.
    private func checkTemplate(of model: TokenizerModel) throws(WordPieceError) {
        for (key, standard, place, ids) in [
            ("cls_token", "[CLS]", "post_processor", model.prefix),
            ("sep_token", "[SEP]", "post_processor", model.suffix),
            ("unk_token", "[UNK]", "model.unk_token", [model.unknownID]),
        ] {
            let token = try specials.required(key, standard)
            // A token that is not in the vocabulary is refused later.
            guard let id = model.vocabulary.id(of: token), ids != [id] else { continue }
            if let named = specials.named[key] {
                throw .unsupported(
                    file: named.file, feature: "\(key): \"\(token)\", which is not that of tokenizer.json,")
            }
            throw .unsupported(
                file: model.file, feature: "\(place) without the \(key) \"\(token)\" of the tokenizer's class")
        }
    }

    /// transformers 4 keeps every token of `tokenizer.json`, transformers 5 only those of `added_tokens_decoder`.
    private func checkDecoder(of model: TokenizerModel) throws(WordPieceError) {
        guard let decoder else { return }
        let specials = SpecialTokens.defaults.map { self.specials.content($0.0, default: $0.1) }
        for token in model.addedTokens {
            let isRestored = specials.contains(token.content) && Int(token.id) < model.vocabulary.pieceCount
            if !isRestored, !decoder.contains(token.content) {
                throw .unsupported(
                    file: path, feature: "added_tokens_decoder, which lacks \"\(token.content)\" of tokenizer.json,")
            }
        }
    }

    // MARK: - Values

    private func boolean(_ key: String) throws(WordPieceError) -> Bool? {
        switch root[key] {
        case nil, .null: return nil
        case .boolean(let truth): return truth
        default: throw .malformed(file: path, reason: "\(key) is neither true nor false")
        }
    }

    /// A key for which transformers does not accept null.
    private func truth(_ key: String) throws(WordPieceError) -> Bool? {
        if let value = root[key], value.isNull { throw unsupported(key, "null") }
        return try boolean(key)
    }

    private func unsupported(_ key: String, _ value: String) -> WordPieceError {
        .unsupported(file: path, feature: "\(key): \(value)")
    }
}

extension JSONValue {
    /// The text of a token, written as a string or as an object with `content`; nil for anything else.
    var tokenContent: String? {
        switch self {
        case .string(let content): content
        case .object: if case .string(let content)? = self["content"] { content } else { nil }
        default: nil
        }
    }
}
