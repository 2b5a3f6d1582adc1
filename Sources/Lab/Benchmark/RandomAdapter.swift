import BERT
import Kernels

/// Adapters that nobody trained, for measuring: their answers mean nothing, their work is that of real ones.
public enum RandomAdapter {
    /// An adapter of rank 8 on query and value, with random values everywhere.
    public static func make(over base: BERTBase, layers: [Int]?, labels: Int = 4, seed: UInt64) throws(AdapterError)
        -> Adapter
    {
        let configuration = LoRAConfiguration(rank: 8, alpha: 16, targets: ["query", "value"], layers: layers)
        let names = (0..<labels).map { "label \($0)" }
        let adapter = try TrainableAdapter(base: base, configuration: configuration, labels: names, seed: seed)
        var random = SplitMix64(seed: seed, stream: 1)
        for index in adapter.values.indices { adapter.values[index] = random.uniform(in: 0.02) }
        return try adapter.frozen()
    }
}
