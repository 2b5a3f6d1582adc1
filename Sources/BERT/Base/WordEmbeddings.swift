import Kernels

/// The word embeddings, [vocabulary, hidden]: the largest table of a small base.
enum WordEmbeddings: Sendable {
    case floats(FloatStorage)
    /// Codes with a scale per row.
    case codes(QuantizedTable)

    /// y[i] = the row of ids[i] + positions[i] + type, for the `tokens` tokens of one sequence.
    func sum(
        tokens: Int, columns: Int, ids: UnsafePointer<Int32>, positions: UnsafePointer<Float>,
        type: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>
    ) {
        switch self {
        case .floats(let words):
            embeddingSum(
                tokens: tokens, columns: columns, ids: ids, words: words.pointer, positions: positions, type: type,
                y: y, yStride: columns)
        case .codes(let table):
            embeddingSum(
                tokens: tokens, columns: columns, ids: ids, codes: table.codes, scales: table.scales.pointer,
                positions: positions, type: type, y: y, yStride: columns)
        }
    }
}

extension WordEmbeddings {
    /// A table of 8-bit codes.
    ///
    /// `@unchecked Sendable`: written only while it is made.
    final class QuantizedTable: @unchecked Sendable {
        /// [rows, columns]
        let codes: UnsafePointer<Int8>
        /// [rows]
        let scales: FloatStorage
        /// Keeps the codes alive; nil if they are this table's own.
        private let owner: AnyObject?

        init(_ table: FloatStorage, rows: Int, columns: Int) {
            let memory = UnsafeMutablePointer<Int8>.allocate(capacity: max(rows * columns, 1))
            codes = UnsafePointer(memory)
            owner = nil
            scales = FloatStorage(count: rows)
            quantizeTable(
                rows: rows, columns: columns, table: table.pointer, codes: memory, scales: scales.base)
        }

        /// A table whose codes belong to `owner`.
        init(codes: UnsafePointer<Int8>, scales: FloatStorage, owner: AnyObject) {
            (self.codes, self.scales, self.owner) = (codes, scales, owner)
        }

        deinit { if owner == nil { codes.deallocate() } }
    }
}
