import Kernels

/// The encoder's forward pass on packed rows for inference: it keeps nothing for a backward pass.
///
/// Rows are in the layout of a `ForkPlan`. The updates of an adapter apply to the rows of its group.
final class EncoderForward {
    let base: BERTBase
    let memory = Workspace()
    /// Measures the stages, if requested.
    var clock: StageClock?
    private var tokenIDs: [Int32] = []
    /// The rows that enter the next layer, rounded by the norm that wrote them; nil if the layer does it itself.
    private var entering: ReducedRows?
    private var hidden: Int { base.configuration.hidden }

    init(base: BERTBase) {
        self.base = base
    }

    /// The number of a sequence's tokens that are read: the base has no positions for more.
    func length(_ count: Int) -> Int { min(count, base.configuration.positions) }

    /// x[rows, hidden] = the normalized embeddings of the plan's texts. Unknown token ids count as 0.
    func embed(_ batch: PackedBatch, _ plan: ForkPlan, x: UnsafeMutablePointer<Float>) {
        let weights = base.embeddings
        let vocabulary = Int32(base.configuration.vocabulary)
        tokenIDs.removeAll(keepingCapacity: true)
        for segment in plan.segments {
            let first = batch.offsets[segment.sequence]
            for index in first..<first + segment.rows.count {
                let id = batch.tokenIDs[index]
                tokenIDs.append(id >= 0 && id < vocabulary ? id : 0)
            }
        }
        tokenIDs.withUnsafeBufferPointer { ids in
            guard let ids = ids.baseAddress else { return }
            for segment in plan.segments {
                weights.words.sum(
                    tokens: segment.rows.count, columns: hidden, ids: ids + segment.rows.lowerBound,
                    positions: weights.positions.pointer, type: weights.type?.pointer,
                    y: x + segment.rows.lowerBound * hidden)
            }
        }
        layerNorm(
            rows: plan.rowCount, columns: hidden, x: x, xStride: hidden, gamma: weights.norm.gamma.pointer,
            beta: weights.norm.beta.pointer, epsilon: base.configuration.epsilon, y: x, yStride: hidden)
        rowsMoved()
        clock?.lap(.embed)
    }

    /// Forgets what belongs to the rows that the last layer wrote: they were copied to other places.
    func rowsMoved() { entering = nil }

    /// One layer, in place in x[rows, hidden].
    func layer(_ index: Int, _ plan: ForkPlan, _ adapters: [AdapterView], x: UnsafeMutablePointer<Float>) {
        let rows = plan.rowCount
        let context = memory.floats(.context, rows * hidden)
        let reduced = reduced(.context, rows: rows, columns: hidden, for: base.layers[index].attentionOutput)
        var segments = plan.segments[...]
        while let first = segments.first?.rows.lowerBound {
            let end = first + Self.attendedAtOnce
            let part = segments.prefix { $0.rows.lowerBound < end }
            segments = segments.dropFirst(part.count)
            let step = Step(
                index: index, plan: plan, adapters: adapters, rows: first..<(part.last?.rows.upperBound ?? first))
            attend(step, part, x: x, context: context, reduced: reduced)
        }
        finish(index, plan, adapters, rows: rows, context: context, reduced: reduced, x: x, y: x)
    }

    /// Rows whose queries, keys and values fit into the second-level cache, for a small base. The last text of a step
    /// may exceed them.
    private static let attendedAtOnce = 128

    /// Queries, keys, values and attention of some texts: a few at a time, so that what the product writes is still in
    /// the second-level cache when attention reads it.
    private func attend(
        _ step: Step, _ segments: ArraySlice<ForkPlan.Segment>, x: UnsafePointer<Float>,
        context: UnsafeMutablePointer<Float>, reduced: ReducedRows?
    ) {
        let (first, rows) = (step.rows.lowerBound, step.rows.count)
        let fused = memory.floats(.fused, rows * 3 * hidden)
        base.layers[step.index].queryKeyValue.forward(
            rows: rows, x: x + first * hidden, xStride: hidden, reduced: entering?.from(first), memory: memory,
            y: fused, yStride: 3 * hidden)
        clock?.lap(.queryKeyValue, product: (rows, 3 * hidden, hidden))
        adapt(step, \.queryKeyValue, x: x + first * hidden, y: fused, columns: 3 * hidden)
        for segment in segments {
            let start = segment.rows.lowerBound
            attend(
                segment.rows.count, fused: fused + (start - first) * 3 * hidden, context: context + start * hidden,
                reduced: reduced?.from(start))
        }
        clock?.lap(.attention)
    }

    /// Memory for what enters a layer, in that layer's type; nil for float32.
    private func reduced(
        _ name: Workspace.ReducedName, rows: Int, columns: Int, for next: PackedLinear?
    ) -> ReducedRows? {
        next.flatMap { memory.reduced(name, $0.dataType, rows: rows, columns: columns) }
    }

    /// The attention of one text. The pointers begin with its first row.
    private func attend(
        _ tokens: Int, fused: UnsafePointer<Float>, context: UnsafeMutablePointer<Float>, reduced: ReducedRows?
    ) {
        let shape = AttentionShape(
            tokens: tokens, heads: base.configuration.heads, headSize: base.configuration.headSize)
        let (k, v) = (fused + hidden, fused + 2 * hidden)
        let scratch = memory.floats(.attention, shape.scratchCount)
        if let reduced {
            reduced.writeAttention(
                in: base.precision.attention, shape, q: fused, k: k, v: v, stride: 3 * hidden, y: context,
                yStride: hidden, scratch: scratch)
        } else {
            attention(shape, q: fused, k: k, v: v, stride: 3 * hidden, y: context, yStride: hidden, scratch: scratch)
        }
    }

    /// The last layer. The head reads only the row of `[CLS]`, so all rows have keys and values and only that row has
    /// the rest.
    ///
    /// Leaves `plan` with one row per segment. Returns y[segments, hidden], which may be another buffer than x.
    func lastLayer(
        _ index: Int, _ plan: inout ForkPlan, _ adapters: [AdapterView], x: UnsafeMutablePointer<Float>,
        y: UnsafeMutablePointer<Float>
    ) {
        let weights = base.layers[index]
        let rows = plan.rowCount
        let count = plan.segments.count
        let fused = memory.floats(.fused, rows * 3 * hidden)
        let keys = hidden..<3 * hidden
        weights.queryKeyValue.forward(
            rows: rows, x: x, xStride: hidden, reduced: entering, memory: memory, y: fused + hidden,
            yStride: 3 * hidden, columns: keys)
        clock?.lap(.queryKeyValue, product: (rows, 2 * hidden, hidden))
        adapt(
            Step(index: index, plan: plan, adapters: adapters, rows: 0..<rows), \.queryKeyValue, x: x,
            y: fused + hidden, columns: 3 * hidden, only: keys)
        // Queries are in y and their context in .context, one row per segment.
        for (place, segment) in plan.segments.enumerated() {
            (y + place * hidden).update(from: x + segment.rows.lowerBound * hidden, count: hidden)
        }
        let queries = memory.floats(.attended, count * hidden)
        weights.queryKeyValue.forward(
            rows: count, x: y, xStride: hidden, memory: memory, y: queries, yStride: hidden, columns: 0..<hidden)
        clock?.lap(.queryKeyValue, product: (count, hidden, hidden))
        let context = memory.floats(.context, count * hidden)
        plan.keepFirstRows()
        adapt(
            Step(index: index, plan: plan, adapters: adapters, rows: 0..<count), \.queryKeyValue, x: y, y: queries,
            columns: hidden, only: 0..<hidden)
        for (place, rows) in plan.wholeRows.enumerated() {
            attendFirst(query: queries + place * hidden, rows, fused: fused, context: context + place * hidden)
        }
        clock?.lap(.attention)
        finish(index, plan, adapters, rows: count, context: context, reduced: nil, x: y, y: y)
    }

    /// The attention of one query row over a text's keys and values.
    private func attendFirst(
        query: UnsafePointer<Float>, _ rows: Range<Int>, fused: UnsafePointer<Float>,
        context: UnsafeMutablePointer<Float>
    ) {
        let c = base.configuration
        let shape = AttentionShape(tokens: rows.count, queries: 1, heads: c.heads, headSize: c.headSize)
        let keys = fused + rows.lowerBound * 3 * hidden + hidden
        attention(
            shape, q: query, k: keys, v: keys + hidden, stride: 3 * hidden, y: context, yStride: hidden,
            scratch: memory.floats(.attention, shape.scratchCount))
    }

    /// Everything after the attention, from `rows` rows of context and of the layer's input x: a range of rows at a
    /// time, so that what one kernel writes is still in the second-level cache when the next one reads it.
    private func finish(
        _ index: Int, _ plan: ForkPlan, _ adapters: [AdapterView], rows: Int, context: UnsafePointer<Float>,
        reduced: ReducedRows?, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
    ) {
        let next = index + 1 < base.layers.count ? base.layers[index + 1].queryKeyValue : nil
        let written = self.reduced(.hidden, rows: rows, columns: hidden, for: next)
        for first in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
            let step = Step(
                index: index, plan: plan, adapters: adapters, rows: first..<min(first + Self.rowsAtOnce, rows))
            let start = first * hidden
            finish(
                step, context: context + start, reducedContext: reduced?.from(first), x: x + start, y: y + start,
                reducedY: written?.from(first))
        }
        entering = written
    }

    /// The rows of a layer that are computed at once.
    private struct Step {
        let index: Int
        let plan: ForkPlan
        let adapters: [AdapterView]
        let rows: Range<Int>
    }

    /// Rows whose intermediate values fit into the second-level cache, for a small base.
    private static let rowsAtOnce = 64

    /// Attention output, feed-forward block and their norms. The pointers begin with the first row of the step.
    private func finish(
        _ step: Step, context: UnsafePointer<Float>, reducedContext: ReducedRows?, x: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>, reducedY: ReducedRows?
    ) {
        let weights = base.layers[step.index]
        let (rows, intermediate) = (step.rows.count, base.configuration.intermediate)
        let attended = memory.floats(.attended, rows * hidden)
        weights.attentionOutput.forward(
            rows: rows, x: context, xStride: hidden, reduced: reducedContext, memory: memory, y: attended,
            yStride: hidden)
        clock?.lap(.attentionOutput, product: (rows, hidden, hidden))
        adapt(step, \.attentionOutput, x: context, y: attended, columns: hidden)
        let reducedAttended = reduced(.attended, rows: rows, columns: hidden, for: weights.intermediate)
        norm(weights.attentionNorm, rows: rows, x: attended, residual: x, y: attended, reduced: reducedAttended)
        let middle = memory.floats(.middle, rows * intermediate)
        weights.intermediate.forward(
            rows: rows, x: attended, xStride: hidden, reduced: reducedAttended, memory: memory, y: middle,
            yStride: intermediate)
        clock?.lap(.intermediate, product: (rows, intermediate, hidden))
        adapt(step, \.intermediate, x: attended, y: middle, columns: intermediate)
        let reducedMiddle = reduced(.middle, rows: rows, columns: intermediate, for: weights.output)
        activate(step, middle: middle, reduced: reducedMiddle)
        weights.output.forward(
            rows: rows, x: middle, xStride: intermediate, reduced: reducedMiddle, memory: memory, y: y, yStride: hidden)
        clock?.lap(.output, product: (rows, hidden, intermediate))
        adapt(step, \.output, x: middle, xColumns: intermediate, y: y, columns: hidden)
        norm(weights.outputNorm, rows: rows, x: y, residual: attended, y: y, reduced: reducedY)
    }

    /// The activation in place, or in the type of the next layer: the floats are then written only where an adapter
    /// reads them.
    private func activate(_ step: Step, middle: UnsafeMutablePointer<Float>, reduced: ReducedRows?) {
        let (kernel, columns) = (base.configuration.activation.kernel, base.configuration.intermediate)
        let rows = step.rows.count
        if let reduced {
            let isRead = step.plan.groups.contains { group in
                group.adapter.map { step.adapters[$0].layers[step.index].output != nil } ?? false
            }
            reduced.writeActivated(
                kernel, rows: rows, columns: columns, x: middle, y: isRead ? middle : nil)
        } else {
            Kernels.activate(
                kernel, rows: rows, columns: columns, x: middle, xStride: columns, y: middle, yStride: columns)
        }
        clock?.lap(.activation)
    }

    private func norm(
        _ weights: NormWeights, rows: Int, x: UnsafePointer<Float>, residual: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>, reduced: ReducedRows?
    ) {
        if let reduced {
            reduced.writeNorm(
                rows: rows, columns: hidden, x: x, residual: residual, gamma: weights.gamma.pointer,
                beta: weights.beta.pointer, epsilon: base.configuration.epsilon, y: y)
        } else {
            layerNorm(
                rows: rows, columns: hidden, x: x, xStride: hidden, residual: residual, residualStride: hidden,
                gamma: weights.gamma.pointer, beta: weights.beta.pointer, epsilon: base.configuration.epsilon, y: y,
                yStride: hidden)
        }
        clock?.lap(.layerNorm)
    }

    /// Adds each group's update to its rows of the step, in all columns or in those of `only`. The pointers begin with
    /// the first row of the step.
    private func adapt(
        _ step: Step, _ place: KeyPath<LayerAdapter, LoRALinear?>, x: UnsafePointer<Float>, xColumns: Int? = nil,
        y: UnsafeMutablePointer<Float>, columns: Int, only: Range<Int>? = nil
    ) {
        for group in step.plan.groups {
            let rows = group.rows.clamped(to: step.rows)
            guard !rows.isEmpty, let adapter = group.adapter,
                let linear = step.adapters[adapter].layers[step.index][keyPath: place]
            else { continue }
            let own = rows.lowerBound - step.rows.lowerBound..<rows.upperBound - step.rows.lowerBound
            apply(linear, own, x: x, xStride: xColumns ?? hidden, y: y, yStride: columns, only: only)
        }
        clock?.lap(.lora)
    }

    /// Adds an update to a range of rows.
    func apply(
        _ linear: LoRALinear, _ rows: Range<Int>, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>,
        yStride: Int,
        only: Range<Int>? = nil
    ) {
        let down = memory.floats(.down, rows.count * linear.rank)
        linear.forward(
            rows: rows.count, x: x + rows.lowerBound * xStride, xStride: xStride, down: down,
            y: y + rows.lowerBound * yStride,
            yStride: yStride, columns: only)
    }
}

extension BERTConfiguration.Activation {
    /// The kernel of this function.
    var kernel: Kernels.Activation {
        switch self {
        case .gelu: .geluErf
        case .geluTanh: .geluTanh
        case .relu: .relu
        }
    }
}
