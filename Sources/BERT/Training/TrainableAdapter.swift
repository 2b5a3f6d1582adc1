import Kernels

/// An adapter in training: all its parameters are in one flat buffer for the optimizer.
///
/// `@unchecked Sendable`: several `TrainingPass`es read `values` at the same time. The optimizer must not step them
/// while a pass runs.
public final class TrainableAdapter: @unchecked Sendable {
    /// The base, which stays frozen.
    public let base: BERTBase
    /// The requested configuration, with this base's names of targets.
    public let configuration: LoRAConfiguration
    /// The labels, in the order of the head's rows.
    public let labels: [String]
    let layout: AdapterLayout
    let view: AdapterView
    private let storage: FloatStorage

    /// The parameters by name, each with its range in `values`.
    public var tensors: [AdapterTensor] { layout.tensors }
    /// The number of floats in `values` and in a gradient.
    public var parameterCount: Int { layout.count }
    /// All parameters. Valid as long as this object.
    public var values: UnsafeMutableBufferPointer<Float> { storage.buffer }
    /// The lowest encoder layer that it changes. Layers below are computed forward only, so their results can be kept.
    public var lowestLayer: Int { layout.lowestLayer }

    /// A new adapter, which changes nothing yet: A starts by `configuration.initialization`, B at zero, the head normal
    /// with σ = 0.02.
    public convenience init(base: BERTBase, configuration: LoRAConfiguration, labels: [String], seed: UInt64)
        throws(AdapterError)
    {
        let layout = try Self.layout(base, configuration, labels)
        self.init(base: base, configuration: Self.named(configuration, base), labels: labels, layout: layout)
        initialize(seed: seed)
    }

    /// A warm start from a finished adapter.
    ///
    /// - Parameters:
    ///   - labels: the labels to train on, by default the adapter's. Known ones keep their rows of the head, others get
    ///     new rows.
    ///   - dropout: the rate on the adapters' inputs, by default the adapter's.
    public convenience init(
        continuing adapter: Adapter, base: BERTBase, labels: [String]? = nil, dropout: Double? = nil, seed: UInt64 = 0
    ) throws(AdapterError) {
        guard adapter.baseDigest == base.digest else {
            throw .anotherBase(expected: adapter.baseDigest, found: base.digest)
        }
        var configuration = adapter.manifest.configuration
        configuration.dropout = dropout ?? configuration.dropout
        let labels = labels ?? adapter.labels
        let layout = try Self.layout(base, configuration, labels)
        self.init(base: base, configuration: configuration, labels: labels, layout: layout)
        initialize(seed: seed)
        takeOver(adapter)
    }

    private init(base: BERTBase, configuration: LoRAConfiguration, labels: [String], layout: AdapterLayout) {
        self.base = base
        self.configuration = configuration
        self.labels = labels
        self.layout = layout
        storage = FloatStorage(count: layout.count)
        view = AdapterView(layout: layout, values: storage.pointer, base: base)
    }

    private static func layout(
        _ base: BERTBase, _ configuration: LoRAConfiguration, _ labels: [String]
    ) throws(AdapterError) -> AdapterLayout {
        try AdapterManifest(labels: labels, configuration: configuration).check()
        if configuration.useDoRA {
            throw .unsupported(feature: "DoRA", reason: "DoRA adapters can be served, but not trained")
        }
        if let layers = configuration.layers,
            let wrong = layers.first(where: { !(0..<base.configuration.layers).contains($0) })
        {
            throw .invalidConfiguration(
                key: "layers_to_transform",
                reason: "\(wrong) is not among this base's layers 0 to \(base.configuration.layers - 1)")
        }
        let resolution = TargetResolution(configuration: configuration, names: base.names)
        var modules: [AdapterLayout.Module] = []
        for module in try resolution.modules() {
            let rank = try resolution.rank(module)
            let shape = base.names.shape(module.site)
            modules.append(
                AdapterLayout.Module(
                    module: module, rank: rank, scale: try resolution.scale(module, rank: rank), inputs: shape.inputs,
                    outputs: shape.outputs))
        }
        return AdapterLayout(
            modules: modules, labels: labels.count, useDoRA: false, bias: configuration.bias, names: base.names)
    }

    private static func named(_ configuration: LoRAConfiguration, _ base: BERTBase) -> LoRAConfiguration {
        var result = configuration
        result.targets = configuration.targets.map(base.names.ownTarget)
        return result
    }

    // MARK: - First values

    private func initialize(seed: UInt64) {
        for (number, tensor) in layout.tensors.enumerated() {
            var random = SplitMix64(seed: seed, stream: UInt64(number))
            let values = UnsafeMutableBufferPointer(rebasing: storage.buffer[tensor.range])
            if tensor.name.hasSuffix("lora_A.weight") {
                initialize(values, rank: tensor.shape[0], inputs: tensor.shape[1], &random)
            } else if tensor.name.hasSuffix("classifier.weight") {
                for index in values.indices { values[index] = 0.02 * random.normal() }
            }
        }
        for module in layout.modules {
            guard let bias = module.bias else { continue }
            let first =
                module.module.site == .key ? module.outputs : module.module.site == .value ? 2 * module.outputs : 0
            (storage.base + bias).update(from: base.bias(of: module.module) + first, count: module.outputs)
        }
    }

    /// A[rank, inputs] as in PEFT's `reset_lora_parameters` (src/peft/tuners/lora/layer.py).
    private func initialize(_ a: UnsafeMutableBufferPointer<Float>, rank: Int, inputs: Int, _ random: inout SplitMix64)
    {
        switch configuration.initialization {
        case .kaiming:
            let bound = 1 / Float(inputs).squareRoot()
            for index in a.indices { a[index] = random.uniform(in: bound) }
        case .gaussian:
            for index in a.indices { a[index] = random.normal() / Float(rank) }
        }
    }

    private func takeOver(_ adapter: Adapter) {
        let known = Dictionary(adapter.layout.tensors.map { ($0.name, $0) }) { first, _ in first }
        for tensor in layout.tensors {
            guard let source = known[tensor.name] else { continue }
            let from = adapter.values.pointer + source.range.lowerBound
            let to = storage.base + tensor.range.lowerBound
            guard AdapterLayout.isHead(tensor.name) else {
                to.update(from: from, count: tensor.range.count)
                continue
            }
            let width = tensor.range.count / labels.count
            for (row, label) in labels.enumerated() {
                guard let old = adapter.labels.firstIndex(of: label) else { continue }
                (to + row * width).update(from: from + old * width, count: width)
            }
        }
    }

    /// Sets the rows of the head of labels that the adapter to start from does not have.
    ///
    /// - Parameters:
    ///   - centres: the mean pooled features of the texts of each new label, [hidden].
    ///   - others: the mean pooled features of texts without a new label, [hidden].
    public func grow(centres: [String: [Float]], others: [Float], isMultiLabel: Bool) {
        let known = labels.indices.filter { centres[labels[$0]] == nil }.map(row)
        let growth = HeadGrowth(known: known, others: others, isMultiLabel: isMultiLabel)
        for (place, label) in labels.enumerated() {
            guard let centre = centres[label] else { continue }
            let row = growth.row(centre: centre)
            let weight = storage.base + layout.classifier.weight + place * row.weights.count
            for (column, value) in row.weights.enumerated() { weight[column] = value }
            storage.base[layout.classifier.bias + place] = row.bias
        }
    }

    /// A row of the head.
    private func row(_ place: Int) -> HeadGrowth.Row {
        let width = layout.classifier.inputs
        let weight = storage.base + layout.classifier.weight + place * width
        return HeadGrowth.Row(
            weights: Array(UnsafeBufferPointer(start: weight, count: width)),
            bias: storage.base[layout.classifier.bias + place])
    }

    // MARK: - Result

    /// The current values as an immutable adapter over this base.
    ///
    /// - Throws: `AdapterError.invalidWeights` if a value is not finite.
    public func frozen(
        task: String? = nil, maxTokens: Int? = nil, longTexts: LongTexts? = nil, createdBy: String? = nil,
        temperature: Double? = nil, isMultiLabel: Bool = false
    ) throws(AdapterError) -> Adapter {
        let manifest = AdapterManifest(
            labels: labels, baseDigest: base.digest, dataType: base.dataType, configuration: configuration, task: task,
            maxTokens: maxTokens, longTexts: longTexts, createdBy: createdBy,
            temperature: temperature, isMultiLabel: isMultiLabel)
        return try Adapter(
            manifest: manifest, weights: SafetensorsWriter.bytes(layout.named(storage.pointer)), base: base)
    }
}
