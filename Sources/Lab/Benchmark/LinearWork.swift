import BERT

/// The floating-point operations of a base's linear layers and of the adapters on them.
///
/// Counts only what the mathematics needs. The last layer needs its query, attention output and feed-forward block for
/// the first token of a text only, its key and value for all tokens.
struct LinearWork {
    let base: BERTConfiguration

    private var hidden: Double { Double(base.hidden) }
    private var intermediate: Double { Double(base.intermediate) }

    /// Query, key, value, attention output and both feed-forward layers, per token and layer.
    private var perToken: Double { 2 * (4 * hidden * hidden + 2 * hidden * intermediate) }

    /// Operations of a forward pass through layers `range`, and of the pooler if the last layer is among them.
    func forward(layers range: Range<Int>, tokens: Int, texts: Int) -> Double {
        guard !range.isEmpty else { return 0 }
        guard range.upperBound == base.layers else { return Double(range.count) * Double(tokens) * perToken }
        let whole = Double(range.count - 1) * Double(tokens) * perToken
        let keysAndValues = 4 * hidden * hidden * Double(tokens)
        let firstTokens = (perToken - 4 * hidden * hidden) * Double(texts)
        let pooler = 2 * hidden * hidden * Double(texts)
        return whole + keysAndValues + firstTokens + pooler
    }

    /// Operations of the input gradients, down to the outputs of the lowest adapted layer's projections.
    ///
    /// - Parameter lowest: the lowest adapted layer; the number of layers if only the head is trained.
    func backward(lowest: Int, tokens: Int, texts: Int) -> Double {
        guard lowest < base.layers else { return 2 * hidden * hidden * Double(texts) }
        // Nothing below the lowest adapter is needed, not even the input gradient of its query, key and value.
        let projections =
            lowest == base.layers - 1
            ? 4 * hidden * hidden * Double(tokens) + 2 * hidden * hidden * Double(texts)
            : 6 * hidden * hidden * Double(tokens)
        return forward(layers: lowest..<base.layers, tokens: tokens, texts: texts) - projections
    }

    /// Operations of an adapter's low-rank pairs in a forward pass.
    func adapter(_ configuration: LoRAConfiguration, tokens: Int) -> Double {
        let layers = configuration.layers?.count ?? base.layers
        let widths = configuration.targets.reduce(0.0) { $0 + width(of: $1) }
        return 2 * Double(configuration.rank) * widths * Double(layers) * Double(tokens)
    }

    /// Inputs plus outputs of the layers that a target names. In BERT, the name `dense` means three of them.
    private func width(of target: String) -> Double {
        switch target {
        case "dense": 2 * hidden + 2 * (hidden + intermediate)
        case "intermediate.dense", "lin1", "ffn.lin1", "lin2", "ffn.lin2": hidden + intermediate
        default: 2 * hidden
        }
    }

    /// The products of one layer over a batch of `rows` tokens, for ``SGEMMRate``.
    func shapes(rows: Int, backward: Bool = false) -> [ProductShape] {
        let (hidden, intermediate) = (base.hidden, base.intermediate)
        let forward = [
            ProductShape(rows: rows, outputs: 3 * hidden, inputs: hidden),
            ProductShape(rows: rows, outputs: hidden, inputs: hidden),
            ProductShape(rows: rows, outputs: intermediate, inputs: hidden),
            ProductShape(rows: rows, outputs: hidden, inputs: intermediate),
        ]
        guard backward else { return forward }
        return forward
            + forward.map { ProductShape(rows: rows, outputs: $0.inputs, inputs: $0.outputs, isTransposed: false) }
    }
}
