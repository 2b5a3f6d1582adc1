import JSON

/// The class that transformers' `AutoTokenizer` selects for a folder, as far as token ids depend on it.
///
/// `tokenizer_config.json` names it, or else `config.json`, or else it follows from the model's type.
struct TokenizerClass {
    enum Kind {
        /// `tokenizer_config.json`, or else the class's defaults, decide on case, accents and ideographs;
        /// `tokenizer.json` does not.
        case bert
        /// The same with `vocab.txt`. With `tokenizer.json`, transformers 4 and 5 differ.
        case bertFromVocabulary
        /// `tokenizer.json` alone decides.
        case tokenizerFileAlone
    }

    var kind = Kind.bert
    /// The name in the file; nil if no file names a class.
    var name: String?
    /// The file that names it.
    var file = ""

    private static let byName: [String: Kind] = [
        "BertTokenizer": .bert, "DistilBertTokenizer": .bert, "ElectraTokenizer": .bert, "MobileBertTokenizer": .bert,
        "SqueezeBertTokenizer": .bert, "ConvBertTokenizer": .bertFromVocabulary,
        "PreTrainedTokenizerFast": .tokenizerFileAlone, "TokenizersBackend": .tokenizerFileAlone,
    ]
    /// Model types whose class is of kind `bert`.
    private static let modelTypes = ["bert", "distilbert", "electra", "mobilebert", "squeezebert"]

    init() {}

    /// - Parameters:
    ///   - settings: `tokenizer_config.json`.
    ///   - configuration: `config.json`.
    init(settings: JSONFile?, configuration: JSONFile?) throws(WordPieceError) {
        for file in [settings, configuration] {
            guard let file, let value = file.root["tokenizer_class"], !value.isNull else { continue }
            self = try Self.named(value, file.path)
            return
        }
        guard let configuration, case .string(let type)? = configuration.root["model_type"] else { return }
        guard Self.modelTypes.contains(type) else {
            throw .unsupported(file: configuration.path, feature: "model_type: \"\(type)\", without tokenizer_class,")
        }
    }

    private static func named(_ value: JSONValue, _ file: String) throws(WordPieceError) -> TokenizerClass {
        guard case .string(let name) = value else {
            throw .malformed(file: file, reason: "tokenizer_class is not a string")
        }
        let plain = byName[name] == nil && name.hasSuffix("Fast") ? String(name.dropLast(4)) : name
        guard let kind = byName[plain] else {
            throw .unsupported(file: file, feature: "tokenizer_class: \(value.summary)")
        }
        return TokenizerClass(kind: kind, name: name, file: file)
    }

    private init(kind: Kind, name: String, file: String) {
        (self.kind, self.name, self.file) = (kind, name, file)
    }

    /// Refuses a class that cannot read the folder's file.
    func check(hasTokenizerFile: Bool) throws(WordPieceError) {
        switch (kind, hasTokenizerFile) {
        case (.tokenizerFileAlone, false): throw unsupported("without tokenizer.json")
        case (.bertFromVocabulary, true): throw unsupported("with tokenizer.json")
        default: return
        }
    }

    private func unsupported(_ circumstance: String) -> WordPieceError {
        .unsupported(file: file, feature: "tokenizer_class: \"\(name ?? "")\", \(circumstance),")
    }
}
