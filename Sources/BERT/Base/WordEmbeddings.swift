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

        /// A table of codes for rows of floats.
        ///
        /// - Parameter read: writes some of the rows to memory that has room for them.
        init<Failure: Error>(
            rows: Int, columns: Int, read: (Range<Int>, UnsafeMutablePointer<Float>) throws(Failure) -> Void
        ) throws(Failure) {
            let memory = UnsafeMutablePointer<Int8>.allocate(capacity: max(rows * columns, 1))
            let scales = FloatStorage(count: rows)
            let floats = FloatStorage(count: min(rows, Self.rowsAtOnce) * columns)
            do throws(Failure) {
                for first in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
                    let some = first..<min(first + Self.rowsAtOnce, rows)
                    try read(some, floats.base)
                    quantizeTable(
                        rows: some.count, columns: columns, table: floats.pointer, codes: memory + first * columns,
                        scales: scales.base + first)
                }
            } catch {
                memory.deallocate()
                throw error
            }
            (codes, owner) = (UnsafePointer(memory), nil)
            self.scales = scales
        }

        /// Rows of which the floats fit into the second-level cache.
        private static let rowsAtOnce = 256

        /// A table whose codes belong to `owner`.
        init(codes: UnsafePointer<Int8>, scales: FloatStorage, owner: AnyObject) {
            (self.codes, self.scales, self.owner) = (codes, scales, owner)
        }

        deinit { if owner == nil { codes.deallocate() } }
    }
}
