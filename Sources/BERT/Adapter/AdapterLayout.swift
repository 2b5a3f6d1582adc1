/// Where an adapter's tensors lie in one flat buffer of floats. Inference, training, gradients and optimizer share it.
///
/// The A matrices of query, key and value of one layer lie one below the other, so that one GEMM computes all three.
struct AdapterLayout: Sendable {
    /// One adapted linear layer.
    struct Module: Sendable {
        let module: AdaptedModule
        let rank: Int
        let scale: Float
        let inputs: Int
        let outputs: Int
        /// Index of A, [rank, inputs].
        var a = 0
        /// Index of B, [outputs, rank].
        var b = 0
        /// Index of DoRA's magnitudes, [outputs].
        var magnitude: Int?
        /// Index of the layer's own bias, [outputs], with `bias: lora_only`.
        var bias: Int?
    }

    /// One linear layer of the head.
    struct Dense: Sendable {
        let inputs: Int
        let outputs: Int
        /// Index of the weights, [outputs, inputs].
        let weight: Int
        /// Index of the bias, [outputs].
        let bias: Int
    }

    private(set) var modules: [Module] = []
    private(set) var preClassifier: Dense?
    private(set) var classifier: Dense
    private(set) var tensors: [AdapterTensor] = []
    private(set) var count = 0
    let names: ModuleNames

    /// `modules` come from below; `labels` is the number of the head's rows.
    init(modules: [Module], labels: Int, useDoRA: Bool, bias: LoRAConfiguration.Bias, names: ModuleNames) {
        self.names = names
        classifier = Dense(inputs: 0, outputs: 0, weight: 0, bias: 0)
        var start = 0
        while start < modules.count {
            let first = modules[start].module
            let group = modules[start...].prefix { $0.module.layer == first.layer && $0.module.group == first.group }
            append(group: Array(group), useDoRA: useDoRA, hasBias: bias == .loraOnly)
            start += group.count
        }
        let hidden = names.configuration.hidden
        if names.configuration.architecture == .distilbert {
            preClassifier = append(dense: "pre_classifier", inputs: hidden, outputs: hidden)
        }
        classifier = append(dense: "classifier", inputs: hidden, outputs: labels)
    }

    private mutating func append(group: [Module], useDoRA: Bool, hasBias: Bool) {
        var group = group
        for index in group.indices {
            let name = AdapterLayout.key(names.name(group[index].module))
            group[index].a = append(name + ".lora_A.weight", [group[index].rank, group[index].inputs])
        }
        for index in group.indices {
            let name = AdapterLayout.key(names.name(group[index].module))
            group[index].b = append(name + ".lora_B.weight", [group[index].outputs, group[index].rank])
            if useDoRA { group[index].magnitude = append(name + ".lora_magnitude_vector", [group[index].outputs]) }
            if hasBias { group[index].bias = append(name + ".base_layer.bias", [group[index].outputs]) }
        }
        modules += group
    }

    private mutating func append(dense name: String, inputs: Int, outputs: Int) -> Dense {
        let key = AdapterLayout.key(name)
        return Dense(
            inputs: inputs, outputs: outputs, weight: append(key + ".weight", [outputs, inputs]),
            bias: append(key + ".bias", [outputs]))
    }

    private mutating func append(_ name: String, _ shape: [Int]) -> Int {
        let start = count
        count += shape.reduce(1, *)
        tensors.append(AdapterTensor(name: name, shape: shape, range: start..<count, decays: shape.count > 1))
        return start
    }

    /// PEFT's key of a module or tensor.
    static func key(_ name: String) -> String { "base_model.model." + name }

    /// Whether a tensor has one row per label.
    static func isHead(_ name: String) -> Bool { name == key("classifier.weight") || name == key("classifier.bias") }

    /// The lowest encoder layer with an adapted module; the number of layers if there is none.
    var lowestLayer: Int { modules.first?.module.layer ?? names.configuration.layers }

    /// The tensors with their values, for a safetensors file.
    func named(_ values: UnsafePointer<Float>) -> [NamedTensor] {
        tensors.map { tensor in
            NamedTensor(
                name: tensor.name, shape: tensor.shape,
                values: Array(UnsafeBufferPointer(start: values + tensor.range.lowerBound, count: tensor.range.count)))
        }
    }
}

/// One named tensor of an adapter in its flat buffer.
public struct AdapterTensor: Sendable, Equatable {
    /// PEFT's key.
    public let name: String
    /// Row-major.
    public let shape: [Int]
    /// Its place in the flat buffer.
    public let range: Range<Int>
    /// Whether weight decay applies: to matrices, but not to biases and magnitudes.
    public let decays: Bool
}

/// Linear layers that read the same input and are computed together.
public enum LinearGroup: String, Sendable, CaseIterable {
    /// Query, key and value, which one product computes.
    case queryKeyValue
    /// The output of the attention.
    case attentionOutput
    /// The feed-forward block, up.
    case intermediate
    /// The feed-forward block, down.
    case output
    /// BERT's pooler.
    case pooler
}

extension AdaptedModule {
    var group: LinearGroup {
        switch site {
        case .query, .key, .value: .queryKeyValue
        case .attentionOutput: .attentionOutput
        case .intermediate: .intermediate
        case .output: .output
        case .pooler: .pooler
        }
    }
}
