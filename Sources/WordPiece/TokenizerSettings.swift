/// What of `tokenizer_config.json` changes token ids.
struct TokenizerSettings {
    var lowercases: Bool?
    var splitsIdeographs: Bool?
    /// Outer nil: the file does not say; inner nil: it says null.
    var stripsAccents: Bool??
    var unknown = "[UNK]"
    var start = "[CLS]"
    var end = "[SEP]"
    /// Further tokens found in the text itself; those that the vocabulary lacks are no tokens.
    var others = ["[PAD]", "[MASK]"]

    /// The settings of a directory; nil if it has no such file.
    static func read(directory: String) throws(WordPieceError) -> TokenizerSettings? {
        guard let file = try FileBytes.read("\(directory)/tokenizer_config.json") else { return nil }
        let root = try TokenizerFile.parse(file)
        var settings = TokenizerSettings()
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
        settings.unknown = token(root, "unk_token") ?? settings.unknown
        settings.start = token(root, "cls_token") ?? settings.start
        settings.end = token(root, "sep_token") ?? settings.end
        settings.others = [token(root, "pad_token") ?? "[PAD]", token(root, "mask_token") ?? "[MASK]"]
        return settings
    }

    /// Overrides what the file says explicitly.
    func apply(to options: inout NormalizerOptions) {
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

    /// A special token, written as a string or as an object with `content`.
    private static func token(_ root: JSONValue, _ key: String) -> String? {
        switch root[key] {
        case .string(let content): content
        case .object: if case .string(let content)? = root[key]?["content"] { content } else { nil }
        default: nil
        }
    }
}
