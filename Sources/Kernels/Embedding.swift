import CVectorKernels

/// y[i] = words[ids[i]] + positions[i] + type for the `tokens` tokens of one sequence.
///
/// - Parameters:
///   - ids: each must be below the number of rows of `words`.
///   - words: [vocabulary, columns].
///   - positions: begins with the row of the first token.
///   - type: one row; nil if the model has none (DistilBERT).
public func embeddingSum(
    tokens: Int, columns: Int, ids: UnsafePointer<Int32>,
    words: UnsafePointer<Float>, positions: UnsafePointer<Float>, type: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_embed(tokens, columns, ids, words, positions, type, y, yStride)
}
