import BERT

/// Adapters that nobody trained, for measuring: their answers mean nothing, their work is that of real ones.
enum RandomAdapter {
    /// An adapter of rank 8 on query and value, with random values everywhere.
    static func make(over base: BERTBase, layers: [Int]?, labels: Int = 4, seed: UInt64) throws(AdapterError) -> Adapter {
        let configuration = LoRAConfiguration(rank: 8, alpha: 16, targets: ["query", "value"], layers: layers)
        let names = (0..<labels).map { "label \($0)" }
        let adapter = try TrainableAdapter(base: base, configuration: configuration, labels: names, seed: seed)
        var state = seed &+ 1
        for index in adapter.values.indices {
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var bits = state
            bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
            bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
            adapter.values[index] = (Float(bits >> 40) * 0x1p-24 - 0.5) * 0.04
        }
        return try adapter.frozen()
    }
}
