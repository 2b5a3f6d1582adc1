import Kernels
import Testing

/// Memory for quantized rows, filled with numbers that a kernel must overwrite.
final class QuantizedMemory {
    let rows: QuantizedRows
    let count: Int
    let columns: Int
    private let memory: UnsafeMutableRawPointer

    init(rows count: Int, columns: Int) {
        self.count = count
        self.columns = columns
        let byteCount = QuantizedRows.byteCount(rows: count, columns: columns)
        memory = .allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xAA, count: byteCount)
        rows = QuantizedRows(memory: memory, rows: count, columns: columns)
    }

    /// `x`, quantized.
    convenience init(_ x: [Float], columns: Int) {
        self.init(rows: x.count / columns, columns: columns)
        quantizeRows(rows: count, columns: columns, x: x, xStride: columns, q: rows)
    }

    deinit { memory.deallocate() }

    var codes: [UInt8] { Array(UnsafeBufferPointer(start: rows.codes, count: count * rows.stride)) }
    var scales: [Float] { Array(UnsafeBufferPointer(start: rows.scales, count: count)) }
    var zeros: [Int32] { Array(UnsafeBufferPointer(start: rows.zeros, count: count)) }

    var values: [Float] {
        var y = [Float](repeating: gap, count: count * columns)
        rows.dequantize(rows: count, columns: columns, y: &y, yStride: columns)
        return y
    }

    /// Whether the rows are the same bits.
    func equals(_ other: QuantizedMemory) -> Bool {
        codes == other.codes && zeros == other.zeros && scales.map(\.bitPattern) == other.scales.map(\.bitPattern)
    }
}

/// The results of a quantized product of whole arrays.
func quantizedProduct(
    _ x: QuantizedMemory, _ weight: QuantizedWeight, bias: [Float]? = nil, accumulatingOn before: [Float]? = nil,
    instructions: IntegerInstructions = .best
) -> [Float] {
    padded(rows: x.count, columns: weight.outputs, before: before) { y, stride in
        quantizedProduct(
            rows: x.count, x: x.rows, weight: weight, bias: bias, accumulate: before != nil, y: y, yStride: stride,
            instructions: instructions)
    }
}

/// The instructions that this CPU has.
let availableInstructions = IntegerInstructions.allCases.filter(\.isAvailable)
