import JSON

/// The class that transformers' `AutoTokenizer` makes of a folder, as far as token ids depend on it.
///
/// `tokenizer_config.json` names it, or else `config.json`, or else it follows from the model's type.
struct TokenizerClass {
    enum Kind {
        /// Case, accents and ideographs as `tokenizer_config.json` says, or else by the class's own defaults;
        /// `tokenizer.json` has no say in them.
        case bert
        /// The same where `vocab.txt` is read; with `tokenizer.json`, transformers 4 and 5 differ.
        case bertFromVocabulary
        /// `tokenizer.json` alone, as `tokenizers` reads it.
        case tokenizerFileAlone
    }

    var kind = Kind.bert
    /// As it was written; nil where no file names a class.
    var name: String?
    /// The file that names it.
    var file = ""

    private static let byName: [String: Kind] = [
        "BertTokenizer": .bert, "DistilBertTokenizer": .bert, "ElectraTokenizer": .bert, "MobileBertTokenizer": .bert,
        "SqueezeBertTokenizer": .bert, "ConvBertTokenizer": .bertFromVocabulary,
        "PreTrainedTokenizerFast": .tokenizerFileAlone, "TokenizersBackend": .tokenizerFileAlone,
    ]
    /// Types whose own class is one of kind `bert`.
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

    /// Refuses a class that cannot read the file which the folder has.
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
