import Kernels

/// An adapter's update of one linear layer in training, with dropout on its input: forward, then backward.
struct TrainedUpdate {
    let linear: LoRALinear
    let site: DropoutSite
    let layer: Int
    let memory: Workspace
    /// The buffer that keeps x·Aᵀ for the backward pass.
    let down: UnsafeMutablePointer<Float>

    func forward(
        _ step: TrainingStep, _ texts: TextRows, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, yStride: Int,
        columns: Range<Int>? = nil
    ) {
        linear.forward(
            rows: texts.rowCount, x: dropped(step, texts, x), xStride: linear.inputs, down: down, y: y,
            yStride: yStride, columns: columns)
    }

    func backward(
        _ step: TrainingStep, _ texts: TextRows, x: UnsafePointer<Float>, dy: UnsafePointer<Float>, dyStride: Int,
        dx: UnsafeMutablePointer<Float>?, columns: Range<Int>? = nil
    ) {
        let rows = texts.rowCount
        let dDown = memory.floats(.gradientDown, rows * linear.rank)
        let dropout = step.dropout(at: site)
        var direct = dx
        if dropout != nil, dx != nil {
            let behind = memory.floats(.gradientInput, rows * linear.inputs)
            behind.update(repeating: 0, count: rows * linear.inputs)
            direct = behind
        }
        linear.backward(
            rows: rows, x: dropped(step, texts, x), xStride: linear.inputs, down: down, dy: dy, dyStride: dyStride,
            dDown: dDown,
            dx: direct, dxStride: linear.inputs, columns: columns, gradient: step.gradientPlace)
        if let dropout, let dx, let direct {
            dropout.apply(site, layer: layer, texts, columns: linear.inputs, x: direct, y: dx, accumulate: true)
        }
    }

    /// The adapter's input: x after dropout. The backward pass computes it again, so that it need not be kept.
    private func dropped(_ step: TrainingStep, _ texts: TextRows, _ x: UnsafePointer<Float>) -> UnsafePointer<Float> {
        guard let dropout = step.dropout(at: site) else { return x }
        let y = memory.floats(.dropped, texts.rowCount * linear.inputs)
        dropout.apply(site, layer: layer, texts, columns: linear.inputs, x: x, y: y)
        return UnsafePointer(y)
    }
}
