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

/// Quantizes a table [rows, columns] to 8-bit codes with a scale per row: value ≈ code · scale.
///
/// - Returns: false if a value is not finite. That row then has the scale NaN.
@discardableResult
public func quantizeTable(
    rows: Int, columns: Int, table: UnsafePointer<Float>, codes: UnsafeMutablePointer<Int8>,
    scales: UnsafeMutablePointer<Float>
) -> Bool {
    lk_quantize_table(rows, columns, table, codes, scales)
}

/// ``embeddingSum(tokens:columns:ids:words:positions:type:y:yStride:)`` with words from ``quantizeTable``.
public func embeddingSum(
    tokens: Int, columns: Int, ids: UnsafePointer<Int32>,
    codes: UnsafePointer<Int8>, scales: UnsafePointer<Float>, positions: UnsafePointer<Float>,
    type: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>, yStride: Int
) {
    lk_embed_quantized(tokens, columns, ids, codes, scales, positions, type, y, yStride)
}
