import Kernels

/// An adapter's update of one linear layer, or of the fused query, key and value: y += scale·(x·Aᵀ)·Bᵀ on a range of
/// rows.
///
/// Inference and training share it. `@unchecked Sendable`: it points into the buffer of its adapter. Users keep that
/// adapter alive, and a shared adapter is never written.
struct LoRALinear: @unchecked Sendable {
    /// One adapted layer among the fused ones.
    struct Target {
        /// Columns of y.
        let columns: Range<Int>
        /// Columns of x·Aᵀ.
        let ranks: Range<Int>
        let scale: Float
        /// [columns, ranks]
        let b: UnsafePointer<Float>
        /// [ranks, columns], if laid out for inference.
        var bTransposed: UnsafePointer<Float>?
        /// The adapter's bias, which replaces the base's, [columns].
        let bias: UnsafePointer<Float>?
        /// The base's bias, [columns].
        let baseBias: UnsafePointer<Float>
        /// DoRA's factors of the sum of base and update, [columns]. `bTransposed` includes them.
        var factor: UnsafePointer<Float>?
    }

    let inputs: Int
    /// The sum of the targets' ranks.
    let rank: Int
    /// All A matrices one below the other, [rank, inputs].
    let a: UnsafePointer<Float>
    var targets: [Target]

    /// y[rows, columns] += the update of x[rows, inputs].
    ///
    /// - Parameters:
    ///   - down: receives x·Aᵀ, [rows, rank], for the backward pass.
    ///   - columns: the outputs to compute: whole targets, all by default; y begins with the first of them.
    func forward(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, down: UnsafeMutablePointer<Float>,
        y: UnsafeMutablePointer<Float>,
        yStride: Int, columns: Range<Int>? = nil
    ) {
        guard let wanted = targetIndices(in: columns) else { return }
        // Targets are ordered by columns, so the requested ones need one range of A's rows.
        let ranks = targets[wanted.lowerBound].ranks.lowerBound..<targets[wanted.upperBound].ranks.upperBound
        lowRankDown(
            rows: rows, inputs: inputs, rank: ranks.count, x: x, xStride: xStride, a: a + ranks.lowerBound * inputs,
            down: down + ranks.lowerBound, downStride: rank)
        for index in wanted {
            up(targets[index], rows: rows, down: down, y: y - (columns?.lowerBound ?? 0), yStride: yStride)
        }
    }

    private func targetIndices(in columns: Range<Int>?) -> ClosedRange<Int>? {
        func isWanted(_ target: Target) -> Bool { columns?.contains(target.columns.lowerBound) ?? true }
        guard let first = targets.firstIndex(where: isWanted), let last = targets.lastIndex(where: isWanted) else {
            return nil
        }
        return first...last
    }

    private func up(
        _ target: Target, rows: Int, down: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, yStride: Int
    ) {
        let y = y + target.columns.lowerBound
        let down = down + target.ranks.lowerBound
        if target.bias != nil || target.factor != nil { rebase(target, rows: rows, y: y, yStride: yStride) }
        if let bTransposed = target.bTransposed {
            lowRankUp(
                rows: rows, rank: target.ranks.count, outputs: target.columns.count, down: down, downStride: rank,
                bTransposed: bTransposed, scale: target.scale, y: y, yStride: yStride)
        } else {
            lowRankUp(
                rows: rows, rank: target.ranks.count, outputs: target.columns.count, down: down, downStride: rank,
                b: target.b,
                scale: target.scale, y: y, yStride: yStride)
        }
    }

    /// y = (y − base bias)·factor + bias, if the adapter has a factor or a bias.
    private func rebase(_ target: Target, rows: Int, y: UnsafeMutablePointer<Float>, yStride: Int) {
        let bias = target.bias ?? target.baseBias
        for row in 0..<rows {
            let y = y + row * yStride
            if let factor = target.factor {
                for column in 0..<target.columns.count {
                    y[column] = (y[column] - target.baseBias[column]) * factor[column] + bias[column]
                }
            } else {
                for column in 0..<target.columns.count { y[column] += bias[column] - target.baseBias[column] }
            }
        }
    }

    /// Backward of ``forward``: adds the gradients of A, B and bias to `gradient`, and that of the inputs to `dx`
    /// unless it is nil.
    ///
    /// - Parameters:
    ///   - x: that of the forward pass, as is `down`.
    ///   - dy: the gradient of the outputs in `columns`.
    ///   - dDown: scratch, [rows, rank].
    ///   - gradient: maps a pointer into the adapter's buffer to the place of its gradient.
    func backward(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, down: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        dyStride: Int,
        dDown: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>?, dxStride: Int, columns: Range<Int>? = nil,
        gradient: (UnsafePointer<Float>) -> UnsafeMutablePointer<Float>
    ) {
        guard let wanted = targetIndices(in: columns) else { return }
        let ranks = targets[wanted.lowerBound].ranks.lowerBound..<targets[wanted.upperBound].ranks.upperBound
        for target in targets[wanted] {
            let dy = dy + target.columns.lowerBound - (columns?.lowerBound ?? 0)
            lowRankUpBackward(
                rows: rows, rank: target.ranks.count, outputs: target.columns.count,
                down: down + target.ranks.lowerBound,
                downStride: rank, b: target.b, scale: target.scale, dy: dy, dyStride: dyStride,
                dDown: dDown + target.ranks.lowerBound, dDownStride: rank, dB: gradient(target.b))
            if let bias = target.bias {
                columnSums(rows: rows, columns: target.columns.count, x: dy, xStride: dyStride, sums: gradient(bias))
            }
        }
        let a = a + ranks.lowerBound * inputs
        lowRankDownBackward(
            rows: rows, inputs: inputs, rank: ranks.count, x: x, xStride: xStride, a: a,
            dDown: dDown + ranks.lowerBound,
            dDownStride: rank, dA: gradient(a), dx: dx, dxStride: dxStride)
    }
}
