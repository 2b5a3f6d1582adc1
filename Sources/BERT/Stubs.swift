// Signatures of what is being written; each moves to its own file.

public final class BERTBase: Sendable {
    public let configuration: BERTConfiguration
    /// SHA-256 hex over the configuration that matters and the weights.
    public let digest: String
    public init(directory: String) throws(BaseError) {
        configuration = try BERTConfiguration(directory: directory)
        digest = ""
    }
}

public final class Adapter: Sendable {
    public let manifest: AdapterManifest
    public var labels: [String] { manifest.labels }
    public let digest: String
    /// The digest of the base that it was checked against.
    public let baseDigest: String
    /// The lowest encoder layer that it changes; `configuration.layers` if it changes none.
    public let lowestLayer: Int
    /// Canonical safetensors bytes.
    public let weights: [UInt8]
    public init(manifest: AdapterManifest, weights: [UInt8], base: BERTBase) throws(AdapterError) {
        (self.manifest, self.weights, digest, baseDigest, lowestLayer) = (manifest, weights, "", base.digest, 0)
    }
    public static func load(directory: String, base: BERTBase) throws(AdapterError) -> Adapter {
        throw .unreadable(file: directory, reason: "not yet")
    }
    public func write(to directory: String) throws(AdapterError) {}
}

public final class InferencePass {
    public init(base: BERTBase) {}
    /// [sequence][k] = logits of the k-th of the adapters that `assignments[sequence]` names.
    public func logits(_ batch: PackedBatch, adapters: [Adapter], assignments: [[Int]]) -> [[[Float]]] { [] }
    /// Hidden states [tokens, hidden] that enter `layer`, of the base alone.
    public func hiddenStates(below layer: Int, _ batch: PackedBatch) -> [Float] { [] }
}

public struct ParallelInference: Sendable {
    public init(base: BERTBase, workers: Int, batchTokens: Int = 512) {}
    public func logits(
        count: Int, adapters: [Adapter], assignments: @Sendable (Int) -> [Int], sequence: @Sendable (Int) -> [Int32]
    ) -> [[[Float]]] { [] }
}

public final class TrainableAdapter: @unchecked Sendable {
    public struct Tensor: Sendable, Equatable {
        public let name: String
        public let shape: [Int]
        public let range: Range<Int>
        /// Whether weight decay applies (matrices yes, biases no).
        public let decays: Bool
    }
    public let configuration: LoRAConfiguration
    public let labels: [String]
    public let tensors: [Tensor] = []
    public let lowestLayer = 0
    public var parameterCount: Int { values.count }
    public let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: 0)
    public init(base: BERTBase, configuration: LoRAConfiguration, labels: [String], seed: UInt64) throws(AdapterError) {
        self.configuration = configuration
        self.labels = labels
    }
    public init(continuing adapter: Adapter, base: BERTBase) throws(AdapterError) {
        configuration = adapter.manifest.configuration
        labels = adapter.labels
    }
    /// The values as they are now, as an immutable adapter.
    public func frozen(task: String? = nil, maxTokens: Int? = nil, createdBy: String? = nil, temperature: Double? = nil) throws(AdapterError) -> Adapter {
        throw .unreadable(file: "", reason: "not yet")
    }
}

/// Logits to probabilities, after dividing by the temperature.
public func softmax(_ logits: [Float], temperature: Float = 1) -> [Float] { logits }
