import FoundationEssentials
import JSON

/// The content of `adapter_config.json`: a `LoRAConfiguration` and the keys around it that PEFT wants.
struct PEFTConfiguration {
    let configuration: LoRAConfiguration
    let exclusions: TargetExclusions
    /// `modules_to_save`: what the adapter brings along whole.
    let savedModules: [String]

    /// Reads the file's content and refuses what changes the base or computes something else than LoRA and DoRA.
    init(json: [UInt8]) throws(AdapterError) {
        let document = try AdapterError.parse(json, file: "adapter_config.json")
        guard case .object(let members) = document else {
            throw .invalidConfiguration(key: "adapter_config.json", reason: "is not a JSON object")
        }
        try Self.refuseOtherMethods(document)
        try Self.refuseInitialization(document)
        try Self.refuseUnread(members)
        do {
            configuration = try JSONDecoder().decode(LoRAConfiguration.self, from: Data(json))
        } catch {
            throw AdapterError(decoding: error, file: "adapter_config.json")
        }
        if let pattern = configuration.targetPattern, pattern != "all-linear", configuration.layers != nil {
            throw .invalidConfiguration(
                key: "layers_to_transform", reason: "cannot be combined with a pattern in target_modules")
        }
        exclusions = try Self.exclusions(document)
        savedModules = try Self.strings(document, "modules_to_save")
    }

    private static func refuseOtherMethods(_ values: JSONValue) throws(AdapterError) {
        guard let method = values["peft_type"] else {
            throw .invalidConfiguration(key: "peft_type", reason: "is missing")
        }
        guard method.string == "LORA" else {
            throw .unsupported(feature: "PEFT's method \(method.string ?? "?")", reason: "only LORA is read")
        }
        if let task = values["task_type"]?.string, task != "SEQ_CLS" {
            throw .unsupported(
                feature: "task_type \(task)", reason: "only SEQ_CLS (sequence classification) is supported")
        }
        if values["bias"]?.string == "all" {
            throw .unsupported(
                feature: "bias \"all\"",
                reason: "it changes biases of layers that all adapters share; use \"lora_only\"")
        }
    }

    /// Initializations that take a part of the base's weights out: such an adapter needs a base of its own.
    private static func refuseInitialization(_ values: JSONValue) throws(AdapterError) {
        guard let name = values["init_lora_weights"]?.string?.lowercased() else { return }
        let harmless = ["gaussian", "eva", "orthogonal", "mica", "true", "false"]
        if harmless.contains(name) { return }
        let known = ["pissa": "PiSSA", "olora": "OLoRA", "corda": "CorDA", "lora_ga": "LoRA-GA", "loftq": "LoftQ"]
        let title = known.first { name.hasPrefix($0.key) }?.value ?? "init_lora_weights \"\(name)\""
        throw .unsupported(
            feature: title,
            reason:
                "this initialization changes the base's weights, so the adapter cannot share a base; convert it to "
                + "plain LoRA with PEFT (save_pretrained with path_initial_model_for_weight_conversion)")
    }

    // MARK: - Keys that are not read

    /// Keys of PEFT 0.17 to 0.21 that are read.
    private static let read: Set = [
        "peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules",
        "layers_to_transform",
        "layers_pattern", "use_rslora", "rank_pattern", "alpha_pattern", "bias", "use_dora", "init_lora_weights",
        "modules_to_save",
    ]

    /// Keys that change nothing in what a trained adapter computes: where it came from, how it started (which
    /// `init_lora_weights` decides), memory, and parameters of what other keys switch on.
    private static let harmless: Set = [
        "peft_version", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode", "runtime_config",
        "ephemeral_gpu_offload", "megatron_core", "qalora_group_size", "loftq_config", "eva_config", "corda_config",
        "lora_ga_config",
        "ensure_weight_tying",
    ]

    /// Keys that make something else of LoRA.
    private static let variants: Set = [
        "fan_in_fan_out", "lora_bias", "use_qalora", "layer_replication", "alora_invocation_tokens",
        "trainable_token_indices",
        "target_parameters", "use_bdlora", "kasa_config", "monteclora_config", "velora_config", "arrow_config",
        "megatron_config",
    ]

    private static func refuseUnread(_ members: [(key: String, value: JSONValue)]) throws(AdapterError) {
        for (key, value) in members.sorted(by: { $0.key < $1.key }) where value.isSet {
            if variants.contains(key) {
                throw .unsupported(
                    feature: key, reason: "only plain LoRA, rsLoRA and DoRA of linear layers are supported")
            }
            guard read.contains(key) || harmless.contains(key) else {
                throw .unsupported(
                    feature: "the key \"\(key)\"",
                    reason:
                        "Lorikeet does not know it, and it may change results; if it does not, remove it from "
                        + "adapter_config.json"
                )
            }
        }
    }

    // MARK: - What is taken out, what is brought along

    private static func exclusions(_ values: JSONValue) throws(AdapterError) -> TargetExclusions {
        var exclusions = TargetExclusions()
        if case .string(let pattern)? = values["exclude_modules"] {
            exclusions.pattern = pattern.isEmpty ? nil : pattern
        } else {
            exclusions.names = try strings(values, "exclude_modules")
        }
        if case .string(let name)? = values["layers_pattern"] {
            exclusions.layerLists = name.isEmpty ? [] : [name]
        } else {
            exclusions.layerLists = try strings(values, "layers_pattern")
        }
        return exclusions
    }

    /// A list of strings; empty where the key is missing.
    private static func strings(_ values: JSONValue, _ key: String) throws(AdapterError) -> [String] {
        guard let value = values[key], !value.isNull else { return [] }
        guard case .array(let elements) = value else {
            throw .invalidConfiguration(key: key, reason: "has the wrong type")
        }
        let strings = elements.compactMap(\.string)
        guard strings.count == elements.count else {
            throw .invalidConfiguration(key: key, reason: "has the wrong type")
        }
        return strings
    }

    /// Refuses adapters that replace a part of the base. PEFT compares the ends of names; what no module is called, it
    /// passes over.
    func refuseSavedParts(of base: ModuleNames) throws(AdapterError) {
        let others = savedModules.filter { !base.isHead($0) && $0 != "score" }
        guard !others.isEmpty else { return }
        let modules = base.baseModules
        if let part = others.first(where: { saved in modules.contains { $0.hasSuffix(saved) } }) {
            throw .unsupported(
                feature: "\"\(part)\" in modules_to_save",
                reason: "it replaces a part of the base, which all adapters share; only the head can be saved whole")
        }
    }

    // MARK: - Writing

    /// The file's content for a configuration, with sorted keys.
    static func json(_ configuration: LoRAConfiguration, head: [String]) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        // Only numbers that are not finite cannot be encoded, and an adapter's init refuses them.
        return (try? encoder.encode(Content(configuration: configuration, head: head))) ?? Data()
    }

    private struct Content: Encodable {
        let configuration: LoRAConfiguration
        let head: [String]

        enum CodingKeys: String, CodingKey {
            case method = "peft_type"
            case task = "task_type"
            case base = "base_model_name_or_path"
            case forInference = "inference_mode"
            case transposed = "fan_in_fan_out"
            case initialization = "init_lora_weights"
            case head = "modules_to_save"
        }

        func encode(to encoder: any Encoder) throws {
            try configuration.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode("LORA", forKey: .method)
            try values.encode("SEQ_CLS", forKey: .task)
            try values.encodeNil(forKey: .base)
            try values.encode(true, forKey: .forInference)
            try values.encode(false, forKey: .transposed)
            if configuration.initialization == .kaiming { try values.encode(true, forKey: .initialization) }
            try values.encode(head, forKey: .head)
        }
    }
}

extension JSONValue {
    /// The text of a string; nil for every other value.
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
