import Kernels
import Testing

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func float(in range: ClosedRange<Float> = -1...1) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * Float(bits() >> 40) / Float(1 << 24)
    }

    mutating func int(below bound: Int) -> Int { Int(bits() % UInt64(bound)) }

    mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(in: range) }
    }
}

/// Row lengths that are and are not whole vectors.
let awkwardLengths = [1, 7, 16, 33, 64, 383]
/// What lies between the rows of a strided matrix: nobody may read or write it.
let gap: Float = .nan

/// `values` [rows, columns] with `padding` floats of ``gap`` after each row.
func strided(_ values: [Float], rows: Int, columns: Int, padding: Int) -> [Float] {
    (0..<rows).flatMap { row in values[row * columns..<(row + 1) * columns] + Array(repeating: gap, count: padding) }
}

/// The matrix within a strided one; checks that the gaps are untouched.
func compact(
    _ values: [Float], rows: Int, columns: Int, padding: Int, sourceLocation: SourceLocation = #_sourceLocation
) -> [Float] {
    let stride = columns + padding
    return (0..<rows).flatMap { row in
        let untouched = values[row * stride + columns..<(row + 1) * stride].allSatisfy { $0.isNaN }
        #expect(untouched, "wrote beyond row \(row)", sourceLocation: sourceLocation)
        return values[row * stride..<row * stride + columns]
    }
}

/// What `body` writes into a matrix [rows, columns] with gaps between its rows; checks that these are untouched.
///
/// - Parameter before: what is there before; nil: ``gap``.
func padded(
    rows: Int, columns: Int, before: [Float]?, _ body: (_ y: UnsafeMutablePointer<Float>, _ stride: Int) -> Void
) -> [Float] {
    let padding = 3
    let start = before ?? Array(repeating: gap, count: rows * columns)
    var y = strided(start, rows: rows, columns: columns, padding: padding)
    body(&y, columns + padding)
    return compact(y, rows: rows, columns: columns, padding: padding)
}

/// Every element within `tolerance` of the largest expected magnitude (at least 1).
func expectClose(
    _ actual: [Float], _ expected: [Double], within tolerance: Double, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(actual.count == expected.count, "\(what)", sourceLocation: sourceLocation)
    let largest = max(1, expected.lazy.map(abs).max() ?? 1)
    let worst = zip(actual, expected).lazy.map { abs(Double($0) - $1) }.max() ?? 0
    let finite = actual.allSatisfy(\.isFinite)
    #expect(finite && worst <= tolerance * largest, "\(what): off by \(worst)", sourceLocation: sourceLocation)
}

func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }

/// ∂loss/∂x by central differences in double precision.
func centralDifferences(at x: [Float], _ loss: ([Double]) -> Double) -> [Double] {
    var point = doubles(x)
    let step = 1e-5
    return point.indices.map { i in
        let here = point[i]
        point[i] = here + step
        let above = loss(point)
        point[i] = here - step
        let below = loss(point)
        point[i] = here
        return (above - below) / (2 * step)
    }
}

/// ⟨weights, values⟩: the loss whose gradient by `values` is `weights`.
func inner(_ weights: [Float], _ values: [Double]) -> Double {
    zip(weights, values).reduce(0) { $0 + Double($1.0) * $1.1 }
}

extension Random {
    /// Queries and keys whose scores differ much, and values; each [tokens, columns].
    mutating func attentionInputs(_ shape: AttentionShape) -> (q: [Float], k: [Float], v: [Float]) {
        let count = shape.tokens * shape.columns
        return (floats(count, in: -3...3), floats(count, in: -3...3), floats(count))
    }
}
