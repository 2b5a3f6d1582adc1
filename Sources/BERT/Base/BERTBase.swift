import Files
import Kernels

/// A frozen BERT or DistilBERT, shared by all adapters and threads.
///
/// The weights are copied into the layout of the kernels and no file stays open. Replacing a base on disk changes
/// nothing until it is loaded again.
public final class BERTBase: Sendable {
    /// The architecture and sizes.
    public let configuration: BERTConfiguration
    /// The types in which it computes. The digest does not depend on them.
    public let precision: BasePrecision
    /// These types as rows, metrics and logs name them: ``BasePrecision/description``.
    public let dtype: String
    /// SHA-256 in hexadecimal over the part of the configuration that changes results and over the weight files.
    public let digest: String

    let embeddings: EmbeddingWeights
    let layers: [EncoderLayerWeights]
    /// BERT's pooler, [hidden, hidden]; nil for DistilBERT.
    let pooler: PackedLinear?

    /// Reads `config.json` and `model.safetensors` (or the files that `model.safetensors.index.json` names).
    ///
    /// - Parameters:
    ///   - precision: what the weights are rounded to while they are read.
    ///   - cache: whether an int8 base may be read from the file in which an earlier start kept its rounded weights,
    ///     and may write that file, in its folder. A folder that cannot be written is no error.
    /// - Throws: `BaseError` that names the file and the key or tensor.
    public init(directory: String, precision: BasePrecision = .float32, cache: Bool = false) throws(BaseError) {
        let configuration = try BERTConfiguration(directory: directory)
        if let layer = precision.exceptions.keys.map(\.layer).max(), layer >= configuration.layers {
            throw .noSuchLayer(file: directory, layer: layer, layers: configuration.layers)
        }
        // Before the weights are read: if they change meanwhile, the file that is written now is not valid.
        let file = cache ? BaseCache(directory: directory, configuration: configuration, precision: precision) : nil
        let weights: Weights
        if let kept = file?.read() {
            weights = kept
        } else {
            weights = try Weights(directory: directory, configuration: configuration, precision: precision)
            file?.write(weights)
        }
        embeddings = weights.embeddings
        layers = weights.layers
        pooler = weights.pooler
        digest = weights.digest
        self.configuration = configuration
        self.precision = precision
        dtype = precision.description
        BLAS.configure()
    }

    /// A base but for some linear layers: those have the type of another one, and are shared with it.
    ///
    /// It computes what a base computes that is read in the precision of ``BasePrecision/keeping(_:in:)``, and is made
    /// in no time.
    ///
    /// - Parameters:
    ///   - reduced: the base that has all other weights.
    ///   - other: the same base in another type, the same for all of its layers.
    /// - Returns: nil if they are not the same base, or if `other` has several types.
    public init?(_ reduced: BERTBase, keeping places: Set<BasePrecision.Place>, of other: BERTBase) {
        guard reduced.digest == other.digest, other.precision.exceptions.isEmpty else { return nil }
        configuration = reduced.configuration
        precision = reduced.precision.keeping(places, in: other.precision.dataType)
        dtype = precision.description
        digest = reduced.digest
        embeddings = reduced.embeddings
        pooler = reduced.pooler
        layers = reduced.layers.indices.map { layer in
            let (own, other) = (reduced.layers[layer], other.layers[layer])
            func linear(_ group: LinearGroup, _ path: KeyPath<EncoderLayerWeights, PackedLinear>) -> PackedLinear {
                let isKept = places.contains(BasePrecision.Place(layer: layer, group: group))
                return (isKept ? other : own)[keyPath: path]
            }
            return EncoderLayerWeights(
                queryKeyValue: linear(.queryKeyValue, \.queryKeyValue),
                attentionOutput: linear(.attentionOutput, \.attentionOutput), attentionNorm: own.attentionNorm,
                intermediate: linear(.intermediate, \.intermediate), output: linear(.output, \.output),
                outputNorm: own.outputNorm)
        }
    }

    /// The type of its linear layers, but for those that are exceptions.
    public var dataType: DataType { precision.dataType }

    /// All kernels that it computes with, such as `x86-64-v3, OpenBLAS Haswell, int8 AVX2`.
    public var kernels: String {
        let types = Set(precision.exceptions.values).union([dataType])
        var kernels = BLAS.kernels
        if types.contains(.int8) { kernels += ", int8 \(IntegerInstructions.best.name)" }
        if types.contains(.bfloat16) { kernels += ", bfloat16 \(BFloat16Instructions.best.name)" }
        return kernels
    }

    /// The module names of this architecture.
    var names: ModuleNames { ModuleNames(configuration: configuration) }
}

extension BERTBase {
    /// What a start reads: all weights, and the digest of the files that they come from.
    struct Weights {
        let embeddings: EmbeddingWeights
        let layers: [EncoderLayerWeights]
        let pooler: PackedLinear?
        let digest: String
    }
}

extension BERTBase.Weights {
    /// Reads them from the base's files.
    init(directory: String, configuration: BERTConfiguration, precision: BasePrecision) throws(BaseError) {
        let files = try WeightFiles(directory: directory)
        let reader = BaseReader(files: files, configuration: configuration, precision: precision)
        embeddings = try reader.embeddings()
        var layers: [EncoderLayerWeights] = []
        for layer in 0..<configuration.layers { layers.append(try reader.layer(layer)) }
        self.layers = layers
        pooler = try reader.pooler()
        var hash = SHA256()
        hash.update((configuration.identity + "\n").utf8)
        try files.update(&hash)
        digest = hash.finalize().hexadecimal
    }
}

extension BERTConfiguration {
    /// What changes results, in one line. The digest includes it, so its form must stay.
    var identity: String {
        "\(architecture.rawValue) layers=\(layers) hidden=\(hidden) heads=\(heads) intermediate=\(intermediate) "
            + "vocabulary=\(vocabulary) positions=\(positions) types=\(tokenTypes) activation=\(activation.rawValue) "
            + "epsilon=\(epsilon)"
    }
}

/// The scale and shift of a layer norm, each [hidden].
struct NormWeights: Sendable {
    let gamma: FloatStorage
    let beta: FloatStorage
}

/// The three tables that are summed for every token, and the norm over the sum.
struct EmbeddingWeights: Sendable {
    /// [vocabulary, hidden]
    let words: WordEmbeddings
    /// [positions, hidden]
    let positions: FloatStorage
    /// The row of token type 0, [hidden]; nil for DistilBERT.
    let type: FloatStorage?
    let norm: NormWeights
}

/// The frozen weights of an encoder layer.
struct EncoderLayerWeights: Sendable {
    /// Query, key and value one below the other: [3·hidden, hidden].
    let queryKeyValue: PackedLinear
    let attentionOutput: PackedLinear
    let attentionNorm: NormWeights
    let intermediate: PackedLinear
    let output: PackedLinear
    let outputNorm: NormWeights
}

extension BERTBase {
    /// The linear layer that the module is, or is a part of.
    func linear(of module: AdaptedModule) -> PackedLinear? {
        switch module.group {
        case .queryKeyValue: layers[module.layer].queryKeyValue
        case .attentionOutput: layers[module.layer].attentionOutput
        case .intermediate: layers[module.layer].intermediate
        case .output: layers[module.layer].output
        case .pooler: pooler
        }
    }

    /// The bias of the layer that `linear(of:)` returns.
    func bias(of module: AdaptedModule) -> UnsafePointer<Float> {
        // There is always a layer, because only BERT has a pooler to adapt. Returning the first one avoids a trap.
        (linear(of: module) ?? layers[0].attentionOutput).bias.pointer
    }
}
