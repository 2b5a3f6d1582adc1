import Foundation

/// The content of `adapter_config.json`: a `LoRAConfiguration` and the keys around it that PEFT wants.
struct PEFTConfiguration {
    let configuration: LoRAConfiguration
    /// `exclude_modules` is set: the tensors alone say what is adapted.
    let hasExclusions: Bool

    /// Reads the file's content and refuses what changes the base or computes something else than LoRA and DoRA.
    init(json: [UInt8]) throws(AdapterError) {
        try AdapterError.refuseRepeatedKeys(json, file: "adapter_config.json")
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)), let values = object as? [String: Any] else {
            throw .invalidConfiguration(key: "adapter_config.json", reason: "is not a JSON object")
        }
        try Self.refuseOtherMethods(values)
        try Self.refuseInitialization(values)
        try Self.refuseVariants(values)
        do {
            configuration = try JSONDecoder().decode(LoRAConfiguration.self, from: Data(json))
        } catch {
            throw AdapterError(decoding: error, file: "adapter_config.json")
        }
        hasExclusions = Self.isSet(values["exclude_modules"])
    }

    private static func refuseOtherMethods(_ values: [String: Any]) throws(AdapterError) {
        guard let method = values["peft_type"] else { throw .invalidConfiguration(key: "peft_type", reason: "is missing") }
        guard method as? String == "LORA" else {
            throw .unsupported(feature: "PEFT's method \(method as? String ?? "?")", reason: "only LORA is read")
        }
        if let task = values["task_type"] as? String, task != "SEQ_CLS" {
            throw .unsupported(feature: "task_type \(task)", reason: "only SEQ_CLS, the classification of texts, is served")
        }
        if values["bias"] as? String == "all" {
            throw .unsupported(feature: "bias \"all\"", reason: "it changes biases of layers that all adapters share; use \"lora_only\"")
        }
    }

    /// Initializations that take a part of the base's weights out: such an adapter needs a base of its own.
    private static func refuseInitialization(_ values: [String: Any]) throws(AdapterError) {
        guard let name = (values["init_lora_weights"] as? String)?.lowercased() else { return }
        let harmless = ["gaussian", "eva", "orthogonal", "true", "false"]
        if harmless.contains(name) { return }
        let known = ["pissa": "PiSSA", "olora": "OLoRA", "corda": "CorDA", "lora_ga": "LoRA-GA", "loftq": "LoftQ"]
        let title = known.first { name.hasPrefix($0.key) }?.value ?? "init_lora_weights \"\(name)\""
        throw .unsupported(
            feature: title,
            reason: "this initialization changes the base's weights, so the adapter cannot share a base; convert it to plain LoRA "
                + "with PEFT (save_pretrained with path_initial_model_for_weight_conversion)")
    }

    private static func refuseVariants(_ values: [String: Any]) throws(AdapterError) {
        let variants = [
            "fan_in_fan_out", "lora_bias", "use_qalora", "layer_replication", "alora_invocation_tokens", "trainable_token_indices",
            "target_parameters", "use_bdlora", "kasa_config", "monteclora_config", "arrow_config",
        ]
        for key in variants where isSet(values[key]) {
            throw .unsupported(feature: key, reason: "only plain LoRA, rsLoRA and DoRA over linear layers are computed")
        }
    }

    /// Neither missing, null, false nor empty.
    private static func isSet(_ value: Any?) -> Bool {
        switch value {
        case nil, is NSNull: false
        case let list as [Any]: !list.isEmpty
        case let object as [String: Any]: !object.isEmpty
        case let number as NSNumber: number.boolValue
        default: true
        }
    }

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
