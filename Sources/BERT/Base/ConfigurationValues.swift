import Files
import JSON

/// The values of a `config.json`, read with errors that name the file and the key.
struct ConfigurationValues {
    let file: String
    private let values: [String: any Sendable]
    /// The keys whose values turn something on.
    private let set: Set<String>

    init(json: [UInt8], file: String) throws(BaseError) {
        self.file = file
        guard case .object(let members) = try Self.parse(json, file: file) else {
            throw .invalidJSON(file: file, reason: "the top level is not an object")
        }
        values = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }.compactMapValues(Self.scalar)
        set = Set(members.filter { Self.isSet($0.key, $0.value) }.map(\.key))
    }

    /// Reads a JSON file of a base.
    static func bytes(file: String) throws(BaseError) -> [UInt8] {
        do throws(FileError) {
            return try FileContents.array(path: file, atMost: FileContents.largestConfiguration)
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
    }

    /// Parses a JSON document in which no key occurs twice.
    static func parse(_ json: [UInt8], file: String) throws(BaseError) -> JSONValue {
        let document: JSONValue
        do throws(JSONSyntaxError) { document = try JSONParser.parse(json) } catch {
            throw .invalidJSON(file: file, reason: "\(error)")
        }
        if let key = document.repeatedKey { throw .invalidValue(file: file, key: key, reason: "occurs twice") }
        return document
    }

    /// A number, string, boolean or list of strings; null counts as missing.
    private static func scalar(_ value: JSONValue) -> (any Sendable)? {
        switch value {
        case .null: nil
        case .boolean(let truth): truth
        case .integer(let number): Double(number)
        case .number(let number): number
        case .string(let text): text
        case .array(let elements): elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
        case .object: "an object"
        }
    }

    /// `model_type`, or where that is missing the first class name in `architectures`.
    func architecture() throws(BaseError) -> BERTConfiguration.Architecture {
        if let name = values["model_type"] {
            guard let name = name as? String else {
                throw .invalidValue(file: file, key: "model_type", reason: "must be a string")
            }
            guard let known = BERTConfiguration.Architecture(rawValue: name) else {
                throw .unknownArchitecture(file: file, name: name)
            }
            return known
        }
        guard let name = (values["architectures"] as? [String])?.first else {
            throw .missingKey(file: file, key: "model_type")
        }
        if name.hasPrefix("Bert") { return .bert }
        if name.hasPrefix("DistilBert") { return .distilbert }
        throw .unknownArchitecture(file: file, name: name)
    }

    /// A required integer that may have either of two names, as in transformers. If both occur, they must agree.
    func size(_ key: String, alias: String, at range: ClosedRange<Int>) throws(BaseError) -> Int {
        guard values[alias] != nil else { return try size(key, at: range) }
        let value = try size(alias, at: range)
        guard values[key] != nil else { return value }
        let own = try size(key, at: range)
        guard own == value else {
            throw .invalidValue(file: file, key: alias, reason: "says \(value), but \(key) says \(own)")
        }
        return own
    }

    /// A required integer.
    func size(_ key: String, at range: ClosedRange<Int>) throws(BaseError) -> Int {
        guard let value = values[key] else { throw .missingKey(file: file, key: key) }
        guard let number = value as? Double, let integer = Int(exactly: number) else {
            throw .invalidValue(file: file, key: key, reason: "must be an integer")
        }
        guard range.contains(integer) else {
            throw .invalidValue(
                file: file, key: key, reason: "\(integer) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return integer
    }

    func positions() throws(BaseError) -> Int { try size("max_position_embeddings", at: 1...1_000_000) }

    /// A number; its default if the key is missing.
    func number(_ key: String, default fallback: Double, at range: ClosedRange<Double>) throws(BaseError) -> Double {
        guard let value = values[key] else { return fallback }
        guard let number = value as? Double else {
            throw .invalidValue(file: file, key: key, reason: "must be a number")
        }
        guard range.contains(number) else {
            throw .invalidValue(
                file: file, key: key, reason: "\(number) is not between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    func activation(_ key: String) throws(BaseError) -> BERTConfiguration.Activation {
        guard let value = values[key] else { throw .missingKey(file: file, key: key) }
        guard let name = value as? String else {
            throw .invalidValue(file: file, key: key, reason: "must be a string")
        }
        switch name {
        case "gelu": return .gelu
        case "gelu_new", "gelu_pytorch_tanh": return .geluTanh
        case "relu": return .relu
        default:
            throw .invalidValue(
                file: file, key: key, reason: "\"\(name)\" is not supported; gelu, gelu_new and relu are")
        }
    }

    /// Refuses keys that change results in a way that is not implemented.
    func refuseOtherComputations() throws(BaseError) {
        for (key, reason) in Self.notComputed where set.contains(key) {
            throw .invalidValue(file: file, key: key, reason: reason)
        }
        guard let value = values["position_embedding_type"] else { return }
        guard value as? String == "absolute" else {
            throw .invalidValue(file: file, key: "position_embedding_type", reason: "only \"absolute\" is supported")
        }
    }

    /// Keys with which transformers computes something else. All other keys are read here, or concern training,
    /// generation, memory (`chunk_size_feed_forward`) or values that the weights contain (`sinusoidal_pos_embds`).
    private static let notComputed: KeyValuePairs = [
        "is_decoder": "only encoders are supported: a decoder masks the tokens that follow",
        "add_cross_attention": "cross-attention is not supported",
        "pruned_heads": "pruned attention heads are not supported",
        "quantization_config": "quantized weights are not supported: save the base in float32, float16 or bfloat16",
        "auto_map": "the model needs code of its own, which Lorikeet does not run",
    ]

    private static func isSet(_ key: String, _ value: JSONValue) -> Bool {
        // Code of the tokenizer does not affect the model.
        if key == "auto_map", case .object(let classes) = value {
            return classes.contains { $0.key != "AutoTokenizer" }
        }
        return value.isSet
    }
}

extension JSONValue {
    /// Whether a configuration's value turns something on: not null, false, 0 or empty.
    var isSet: Bool {
        switch self {
        case .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        }
    }
}
