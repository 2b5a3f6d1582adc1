import Kernels
import Testing

/// Memory for rounded rows, filled with numbers that a kernel must overwrite.
final class BFloat16Memory {
    let rows: BFloat16Rows
    let count: Int
    let columns: Int
    private let memory: UnsafeMutableRawPointer

    init(rows count: Int, columns: Int) {
        self.count = count
        self.columns = columns
        let byteCount = BFloat16Rows.byteCount(rows: count, columns: columns)
        memory = .allocate(byteCount: byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xAA, count: byteCount)
        rows = BFloat16Rows(memory: memory, rows: count, columns: columns)
    }

    /// `x`, rounded.
    convenience init(_ x: [Float], columns: Int) {
        self.init(rows: x.count / columns, columns: columns)
        roundRows(rows: count, columns: columns, x: x, xStride: columns, rounded: rows)
    }

    deinit { memory.deallocate() }

    /// The bits, with those behind the columns.
    var bits: [UInt16] { Array(UnsafeBufferPointer(start: rows.values, count: count * rows.stride)) }

    var values: [Float] {
        var y = [Float](repeating: gap, count: count * columns)
        rows.widen(rows: count, columns: columns, y: &y, yStride: columns)
        return y
    }
}

/// The nearest bfloat16 number, of two equally near ones the even one; nil if that is infinite.
func nearestBFloat16(_ x: Float) -> Float? {
    guard x.isFinite else { return nil }
    guard x.isNormal else { return 0 }
    let size = abs(Double(x))
    let step = Double(sign: .plus, exponent: Int(x.exponent) - 7, significand: 1)
    let steps = (size / step).rounded(.toNearestOrEven)
    let nearest = Float(steps * step)
    return nearest.isFinite ? (x < 0 ? -nearest : nearest) : nil
}

/// The results of a product of bfloat16 of whole arrays.
func bfloat16Product(
    _ x: BFloat16Memory, _ weight: BFloat16Weight, bias: [Float]? = nil, accumulatingOn before: [Float]? = nil,
    instructions: BFloat16Instructions = .best
) -> [Float] {
    padded(rows: x.count, columns: weight.outputs, before: before) { y, stride in
        bfloat16Product(
            rows: x.count, x: x.rows, weight: weight, bias: bias, accumulate: before != nil, y: y, yStride: stride,
            instructions: instructions)
    }
}

/// The instructions for bfloat16 that this CPU has.
let availableBFloat16Instructions = BFloat16Instructions.allCases.filter(\.isAvailable)
