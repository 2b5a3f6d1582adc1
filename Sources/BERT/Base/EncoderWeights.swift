/// Scale and shift of one layer norm, each [hidden].
struct NormWeights: Sendable {
    let gamma: FloatStorage
    let beta: FloatStorage
}

/// The three tables that are summed for every token, and the norm over the sum.
struct EmbeddingWeights: Sendable {
    /// [vocabulary, hidden]
    let words: FloatStorage
    /// [positions, hidden]
    let positions: FloatStorage
    /// The row of token type 0, [hidden]; nil for DistilBERT.
    let type: FloatStorage?
    let norm: NormWeights
}

/// One encoder layer's frozen weights.
struct EncoderLayerWeights: Sendable {
    /// Query, key and value one below the other: [3·hidden, hidden].
    let queryKeyValue: PackedLinear
    let attentionOutput: PackedLinear
    let attentionNorm: NormWeights
    let intermediate: PackedLinear
    let output: PackedLinear
    let outputNorm: NormWeights
}
