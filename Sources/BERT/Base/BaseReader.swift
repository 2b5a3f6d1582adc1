import Kernels

/// Copies a base's tensors out of its files, under whichever names they were saved.
struct BaseReader {
    let files: WeightFiles
    let names: ModuleNames
    let precision: BasePrecision
    private let prefix: String
    private var configuration: BERTConfiguration { names.configuration }

    init(files: WeightFiles, configuration: BERTConfiguration, precision: BasePrecision) {
        self.files = files
        self.precision = precision
        names = ModuleNames(configuration: configuration)
        prefix = files.contains(names.prefix + "embeddings.word_embeddings.weight") ? names.prefix : ""
    }

    func embeddings() throws(BaseError) -> EmbeddingWeights {
        let hidden = configuration.hidden
        let (table, shape) = ("embeddings.word_embeddings.weight", [configuration.vocabulary, hidden])
        let words: WordEmbeddings =
            switch precision.dataType {
            case .float32, .bfloat16: .floats(try tensor(table, shape))
            case .int8: .codes(try quantized(table, shape))
            }
        let positions = try tensor("embeddings.position_embeddings.weight", [configuration.positions, hidden])
        var type: FloatStorage?
        if configuration.tokenTypes > 0 {
            let rows = try tensor("embeddings.token_type_embeddings.weight", [configuration.tokenTypes, hidden])
            let first = FloatStorage(count: hidden)
            first.base.update(from: rows.pointer, count: hidden)
            type = first
        }
        return EmbeddingWeights(words: words, positions: positions, type: type, norm: try norm("embeddings.LayerNorm"))
    }

    func layer(_ layer: Int) throws(BaseError) -> EncoderLayerWeights {
        let start = names.layerPrefix(layer)
        let bert = configuration.architecture == .bert
        return EncoderLayerWeights(
            queryKeyValue: try queryKeyValue(layer),
            attentionOutput: try linear(AdaptedModule(layer: layer, site: .attentionOutput)),
            attentionNorm: try norm(start + (bert ? "attention.output.LayerNorm" : "sa_layer_norm")),
            intermediate: try linear(AdaptedModule(layer: layer, site: .intermediate)),
            output: try linear(AdaptedModule(layer: layer, site: .output)),
            outputNorm: try norm(start + (bert ? "output.LayerNorm" : "output_layer_norm")))
    }

    /// BERT's pooler; DistilBERT has none.
    func pooler() throws(BaseError) -> PackedLinear? {
        guard configuration.architecture == .bert else { return nil }
        let module = AdaptedModule(layer: configuration.layers, site: .pooler)
        let weight = prefix + names.unprefixed(module) + ".weight"
        guard files.contains(weight) else { throw .missingPooler(file: files.path, tensor: weight) }
        return try linear(module)
    }

    private func queryKeyValue(_ layer: Int) throws(BaseError) -> PackedLinear {
        let hidden = configuration.hidden
        for site in [LinearSite.query, .key, .value] {
            try files.check(
                prefix + names.unprefixed(AdaptedModule(layer: layer, site: site)) + ".weight", shape: [hidden, hidden])
        }
        let weight = FloatStorage(count: 3 * hidden * hidden)
        let bias = FloatStorage(count: 3 * hidden)
        for (part, site) in [LinearSite.query, .key, .value].enumerated() {
            let name = names.unprefixed(AdaptedModule(layer: layer, site: site))
            try copy(name + ".weight", [hidden, hidden], to: weight.base + part * hidden * hidden)
            try copy(name + ".bias", [hidden], to: bias.base + part * hidden)
        }
        return try packed(
            AdaptedModule(layer: layer, site: .query), inputs: hidden, outputs: 3 * hidden, parts: 3, weight: weight,
            bias: bias)
    }

    private func linear(_ module: AdaptedModule) throws(BaseError) -> PackedLinear {
        let shape = names.shape(module.site)
        let name = names.unprefixed(module)
        return try packed(
            module, inputs: shape.inputs, outputs: shape.outputs,
            weight: try tensor(name + ".weight", [shape.outputs, shape.inputs]),
            bias: try tensor(name + ".bias", [shape.outputs]))
    }

    /// The linear layer that the module is, or begins.
    private func packed(
        _ module: AdaptedModule, inputs: Int, outputs: Int, parts: Int = 1, weight: FloatStorage, bias: FloatStorage
    ) throws(BaseError) -> PackedLinear {
        let dataType = precision.dataType(of: BasePrecision.Place(layer: module.layer, group: module.group))
        do throws(PackedLinear.Failure) {
            return try PackedLinear(
                inputs: inputs, outputs: outputs, parts: parts, weight: weight, bias: bias, dataType: dataType)
        } catch {
            throw .notQuantizable(
                file: files.path, tensor: prefix + names.unprefixed(module) + ".weight", dataType: dataType,
                reason: error.reason)
        }
    }

    /// A layer norm, also under the names that old checkpoints have.
    private func norm(_ name: String) throws(BaseError) -> NormWeights {
        let old = !files.contains(prefix + name + ".weight") && files.contains(prefix + name + ".gamma")
        return NormWeights(
            gamma: try tensor(name + (old ? ".gamma" : ".weight"), [configuration.hidden]),
            beta: try tensor(name + (old ? ".beta" : ".bias"), [configuration.hidden]))
    }

    /// The word embeddings in codes. Their floats are half of a small base, so only some rows are in memory at a time.
    private func quantized(_ name: String, _ shape: [Int]) throws(BaseError) -> WordEmbeddings.QuantizedTable {
        try files.check(prefix + name, shape: shape)
        let columns = shape[1]
        return try WordEmbeddings.QuantizedTable(rows: shape[0], columns: columns) { (rows, floats) throws(BaseError) in
            let elements = rows.lowerBound * columns..<rows.upperBound * columns
            try files.copy(prefix + name, shape: shape, elements: elements, to: floats)
        }
    }

    private func tensor(_ name: String, _ shape: [Int]) throws(BaseError) -> FloatStorage {
        // Checked before memory is taken: a configuration may ask for any size.
        try files.check(prefix + name, shape: shape)
        let storage = FloatStorage(count: shape.reduce(1, *))
        try files.copy(prefix + name, shape: shape, to: storage.base)
        return storage
    }

    private func copy(_ name: String, _ shape: [Int], to destination: UnsafeMutablePointer<Float>) throws(BaseError) {
        try files.copy(prefix + name, shape: shape, to: destination)
    }
}
