import BERT
import Kernels

/// Adapters that were never trained, for soaks and benchmarks: the labels mean nothing, the work is that of real ones.
enum RandomAdapter {
    /// An adapter of rank 8 on query and value with random weights.
    ///
    /// - Parameters:
    ///   - layers: the adapted layers; nil for all.
    ///   - labels: how many labels; they are named `label 0`, `label 1`, ….
    static func make(
        over base: BERTBase, layers: [Int]? = nil, labels: Int = 4, seed: UInt64
    ) throws(AdapterError) -> Adapter {
        let configuration = LoRAConfiguration(rank: 8, alpha: 16, targets: ["query", "value"], layers: layers)
        let adapter = try TrainableAdapter(
            base: base, configuration: configuration, labels: self.labels(labels), seed: seed)
        var random = SplitMix64(seed: seed, stream: 1)
        for index in adapter.values.indices { adapter.values[index] = random.uniform(in: 0.02) }
        return try adapter.frozen()
    }

    /// The names of its labels.
    static func labels(_ count: Int) -> [String] { (0..<count).map { "label \($0)" } }
}
