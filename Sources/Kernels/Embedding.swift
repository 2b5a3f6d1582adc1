import CVectorKernels

/// y[i] = words[ids[i]] + positions[i] + type for the `tokens` tokens of one sequence.
///
/// `words` is [vocabulary, columns], `positions` starts at the position of the first token, `type` is one row, or nil
/// where the model has none (DistilBERT). Every id must be within the table: the caller has checked that.
public func embeddingSum(
    tokens: Int, columns: Int, ids: UnsafePointer<Int32>,
    words: UnsafePointer<Float>, positions: UnsafePointer<Float>, type: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_embed(tokens, columns, ids, words, positions, type, y, yStride)
}
