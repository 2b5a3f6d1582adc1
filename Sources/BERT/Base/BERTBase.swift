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
    /// SHA-256 in hexadecimal over the part of the configuration that changes results and over the weight files.
    public let digest: String

    let embeddings: EmbeddingWeights
    let layers: [EncoderLayerWeights]
    /// BERT's pooler, [hidden, hidden]; nil for DistilBERT.
    let pooler: PackedLinear?

    /// Reads `config.json` and `model.safetensors` (or the files that `model.safetensors.index.json` names).
    ///
    /// - Parameter precision: what the weights are rounded to while they are read.
    /// - Throws: `BaseError` that names the file and the key or tensor.
    public init(directory: String, precision: BasePrecision = .float32) throws(BaseError) {
        let configuration = try BERTConfiguration(directory: directory)
        let files = try WeightFiles(directory: directory)
        let reader = BaseReader(files: files, configuration: configuration, precision: precision)
        embeddings = try reader.embeddings()
        var layers: [EncoderLayerWeights] = []
        for layer in 0..<configuration.layers { layers.append(try reader.layer(layer)) }
        self.layers = layers
        pooler = try reader.pooler()
        self.configuration = configuration
        self.precision = precision
        digest = Self.digest(configuration, files)
        BLAS.configure()
    }

    private static func digest(_ configuration: BERTConfiguration, _ files: WeightFiles) -> String {
        let c = configuration
        let identity =
            "\(c.architecture.rawValue) layers=\(c.layers) hidden=\(c.hidden) heads=\(c.heads) "
            + "intermediate=\(c.intermediate) vocabulary=\(c.vocabulary) positions=\(c.positions) "
            + "types=\(c.tokenTypes) activation=\(c.activation.rawValue) epsilon=\(c.epsilon)\n"
        var hash = SHA256()
        hash.update(identity.utf8)
        files.update(&hash)
        return hash.finalize().hexadecimal
    }

    /// The module names of this architecture.
    var names: ModuleNames { ModuleNames(configuration: configuration) }
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
