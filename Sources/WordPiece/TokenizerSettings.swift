import ModelFiles

/// What of `tokenizer_config.json` changes token ids.
struct TokenizerSettings {
    let path: String
    /// The class that transformers would make; nil: a BERT.
    var className: String?
    var lowercases: Bool?
    var splitsIdeographs: Bool?
    /// Outer nil: the file does not say; inner nil: it says null.
    var stripsAccents: Bool??
    /// Special tokens as the file names them.
    var namedUnknown: String?
    var namedStart: String?
    var namedEnd: String?
    var unknown: String { namedUnknown ?? "[UNK]" }
    var start: String { namedStart ?? "[CLS]" }
    var end: String { namedEnd ?? "[SEP]" }
    /// Further tokens found in the text itself.
    var others = ["[PAD]", "[MASK]"]

    /// Classes that read the files as BERT's own does. `PreTrainedTokenizerFast` goes by `tokenizer.json` alone.
    private static let bertClasses = [
        "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer", "SqueezeBertTokenizer",
    ]
    private static let plainClasses = ["PreTrainedTokenizerFast", "TokenizersBackend"]

    init(path: String) { self.path = path }

    /// The settings of a directory; nil if it has no such file.
    static func read(directory: String) throws(WordPieceError) -> TokenizerSettings? {
        guard let file = try FileBytes.read("\(directory)/tokenizer_config.json") else { return nil }
        return try read(file)
    }

    /// The settings that a file says.
    static func read(_ file: FileBytes) throws(WordPieceError) -> TokenizerSettings {
        let root = try TokenizerFile.parse(file)
        var settings = TokenizerSettings(path: file.path)
        if let key = root.repeatedKey { throw .malformed(file: file.path, reason: "\(key) occurs twice") }
        settings.className = try className(root, file.path)
        settings.lowercases = try boolean(root, "do_lower_case", file.path)
        settings.splitsIdeographs = try boolean(root, "tokenize_chinese_chars", file.path)
        if root["strip_accents"] != nil { settings.stripsAccents = .some(try boolean(root, "strip_accents", file.path)) }
        if try boolean(root, "do_basic_tokenize", file.path) == false {
            throw .unsupported(file: file.path, feature: "do_basic_tokenize: false")
        }
        if case .string(let side)? = root["truncation_side"], side != "right" {
            throw .unsupported(file: file.path, feature: "truncation_side: \"\(side)\"")
        }
        if case .array(let words)? = root["never_split"], !words.isEmpty {
            throw .unsupported(file: file.path, feature: "never_split: […]")
        }
        settings.namedUnknown = root["unk_token"]?.tokenContent
        settings.namedStart = root["cls_token"]?.tokenContent
        settings.namedEnd = root["sep_token"]?.tokenContent
        settings.others = [root["pad_token"]?.tokenContent ?? "[PAD]", root["mask_token"]?.tokenContent ?? "[MASK]"]
        return settings
    }

    private static func className(_ root: JSONValue, _ path: String) throws(WordPieceError) -> String? {
        guard let value = root["tokenizer_class"], !value.isNull else { return nil }
        guard case .string(let name) = value else { throw .malformed(file: path, reason: "tokenizer_class is not a string") }
        let plain = name.hasSuffix("Fast") && !plainClasses.contains(name) ? String(name.dropLast(4)) : name
        guard bertClasses.contains(plain) || plainClasses.contains(plain) else {
            throw .unsupported(file: path, feature: "tokenizer_class: \(value.summary)")
        }
        return plain
    }

    private var isPlain: Bool { className.map(Self.plainClasses.contains) ?? false }

    /// Refuses a class that reads `tokenizer.json` only, where there is none.
    func checkClassReadsVocabularies() throws(WordPieceError) {
        guard isPlain, let className else { return }
        throw .unsupported(file: path, feature: "tokenizer_class: \"\(className)\", without tokenizer.json,")
    }

    /// Refuses special tokens other than those of `tokenizer.json`: which of the two counts depends on the version of transformers.
    func checkTemplate(of model: TokenizerModel) throws(WordPieceError) {
        guard !isPlain else { return }
        for (key, token, ids) in [
            ("cls_token", namedStart, model.prefix), ("sep_token", namedEnd, model.suffix), ("unk_token", namedUnknown, [model.unknownID]),
        ] {
            guard let token, ids != model.vocabulary.id(of: token).map({ [$0] }) else { continue }
            throw .unsupported(file: path, feature: "\(key): \"\(token)\", which is not that of tokenizer.json,")
        }
    }

    /// Overrides what the file says explicitly.
    func apply(to options: inout NormalizerOptions) {
        guard !isPlain else { return }
        if let lowercases { options.lowercases = lowercases }
        if let splitsIdeographs { options.splitsIdeographs = splitsIdeographs }
        if let stripsAccents { options.stripsAccents = stripsAccents }
    }

    private static func boolean(_ root: JSONValue, _ key: String, _ path: String) throws(WordPieceError) -> Bool? {
        switch root[key] {
        case nil, .null: return nil
        case .boolean(let truth): return truth
        default: throw .malformed(file: path, reason: "\(key) is neither true nor false")
        }
    }
}

extension JSONValue {
    /// A token's text, written as a string or as an object with `content`; nil for anything else.
    var tokenContent: String? {
        switch self {
        case .string(let content): content
        case .object: if case .string(let content)? = self["content"] { content } else { nil }
        default: nil
        }
    }
}
