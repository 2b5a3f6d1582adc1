import Kernels

/// One encoder layer in training: its forward, which keeps what the backward needs, then its backward.
///
/// In the last layer (`firstRowsOnly`), only keys and values are computed for all rows, the rest for the first row of
/// each text.
final class TrainingLayer {
    let base: BERTBase
    let index: Int
    let adapter: LayerAdapter
    let firstRowsOnly: Bool
    /// The first adapted place of this layer if nothing below needs a gradient; else nil.
    let stop: LinearGroup?
    /// Kept from forward to backward. All layers share `scratch`.
    private let kept = Workspace()
    private let scratch: Workspace

    private var weights: EncoderLayerWeights { base.layers[index] }
    private var hidden: Int { base.configuration.hidden }
    private var intermediate: Int { base.configuration.intermediate }
    private var attention: TrainingAttention {
        TrainingAttention(configuration: base.configuration, layer: index, memory: scratch)
    }

    init(base: BERTBase, index: Int, view: AdapterView, scratch: Workspace) {
        self.base = base
        self.index = index
        self.scratch = scratch
        adapter = view.layers[index]
        firstRowsOnly = index == base.configuration.layers - 1
        stop = index == view.lowestLayer ? adapter.lowestGroup : nil
    }

    /// The buffer for this layer's input, [rows, hidden], which is written before `forward`.
    func input(rows: Int) -> UnsafeMutablePointer<Float> { kept.floats(.input, rows * hidden) }

    /// A buffer that the backward pass reads only if this place is adapted. Else all layers share it.
    private func memory(keptFor update: LoRALinear?) -> Workspace { update == nil ? scratch : kept }

    private func context(_ texts: TextRows) -> UnsafeMutablePointer<Float> {
        memory(keptFor: adapter.attentionOutput).floats(.context, texts.rowCount * hidden)
    }

    private func attended(_ texts: TextRows) -> UnsafeMutablePointer<Float> {
        memory(keptFor: adapter.intermediate).floats(.attended, texts.rowCount * hidden)
    }

    private func middle(_ texts: TextRows) -> UnsafeMutablePointer<Float> {
        memory(keptFor: adapter.output).floats(.middle, texts.rowCount * intermediate)
    }

    /// The rows after the attention.
    private func upper(_ step: TrainingStep) -> TextRows { firstRowsOnly ? step.texts.firstRows : step.texts }

    private func update(_ linear: LoRALinear?, _ site: DropoutSite, _ name: Workspace.Name, rows: Int) -> TrainedUpdate?
    {
        linear.map {
            TrainedUpdate(
                linear: $0, site: site, layer: index, memory: scratch, down: kept.floats(name, rows * $0.rank))
        }
    }

    /// Residual dropout: DistilBERT has none after its attention.
    private func dropout(_ step: TrainingStep, at site: DropoutSite) -> TrainingDropout? {
        site == .attentionOutput && base.configuration.architecture == .distilbert ? nil : step.dropout(at: site)
    }

    private func record(_ sum: UnsafeMutablePointer<Float>, _ statistics: Workspace.Name, rows: Int) -> LayerNormRecord
    {
        let statistics = kept.floats(statistics, 2 * rows)
        return LayerNormRecord(sum: sum, sumStride: hidden, means: statistics, inverseDeviations: statistics + rows)
    }

    // MARK: - Forward

    /// y[rows, hidden], or [texts, hidden] in the last layer, from what was written to `input(rows:)`.
    func forward(_ step: TrainingStep, y: UnsafeMutablePointer<Float>) {
        let rows = step.texts.rowCount
        let x = input(rows: rows)
        let fused = kept.floats(.fused, rows * 3 * hidden)
        let probabilities = kept.floats(.probabilities, attention.probabilityCount(step, firstRowsOnly: firstRowsOnly))
        let context = context(upper(step))
        let update = update(adapter.queryKeyValue, .adapterFused, .downFused, rows: rows)
        guard firstRowsOnly else {
            weights.queryKeyValue.forward(
                rows: rows, x: x, xStride: hidden, memory: scratch, y: fused, yStride: 3 * hidden)
            update?.forward(step, step.texts, x: x, y: fused, yStride: 3 * hidden)
            attention.forward(step, fused: fused, probabilities: probabilities, context: context)
            finish(step, residual: x, context: context, y: y)
            return
        }
        let keys = hidden..<3 * hidden
        weights.queryKeyValue.forward(
            rows: rows, x: x, xStride: hidden, memory: scratch, y: fused + hidden, yStride: 3 * hidden, columns: keys)
        update?.forward(step, step.texts, x: x, y: fused + hidden, yStride: 3 * hidden, columns: keys)
        let first = firstRows(step, of: x)
        let queries = kept.floats(.queries, step.texts.ranges.count * hidden)
        weights.queryKeyValue.forward(
            rows: step.texts.ranges.count, x: first, xStride: hidden, memory: scratch, y: queries, yStride: hidden,
            columns: 0..<hidden)
        queryUpdate(step)?.forward(
            step, step.texts.firstRows, x: first, y: queries, yStride: hidden, columns: 0..<hidden)
        attention.forwardFirstRows(step, queries: queries, fused: fused, probabilities: probabilities, context: context)
        finish(step, residual: first, context: context, y: y)
    }

    private func queryUpdate(_ step: TrainingStep) -> TrainedUpdate? {
        update(adapter.queryKeyValue, .adapterFused, .downQuery, rows: step.texts.ranges.count)
    }

    private func firstRows(_ step: TrainingStep, of x: UnsafePointer<Float>) -> UnsafeMutablePointer<Float> {
        let first = kept.floats(.features, step.texts.ranges.count * hidden)
        for (text, rows) in step.texts.ranges.enumerated() {
            (first + text * hidden).update(from: x + rows.lowerBound * hidden, count: hidden)
        }
        return first
    }

    /// Everything after the attention.
    private func finish(
        _ step: TrainingStep, residual: UnsafePointer<Float>, context: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>
    ) {
        let texts = upper(step)
        let rows = texts.rowCount
        let attendedSum = kept.floats(.attendedSum, rows * hidden)
        weights.attentionOutput.forward(
            rows: rows, x: context, xStride: hidden, memory: scratch, y: attendedSum, yStride: hidden)
        update(adapter.attentionOutput, .adapterAttention, .downAttention, rows: rows)?
            .forward(step, texts, x: context, y: attendedSum, yStride: hidden)
        dropout(step, at: .attentionOutput)?
            .apply(.attentionOutput, layer: index, texts, columns: hidden, x: attendedSum, y: attendedSum)
        let attended = attended(texts)
        norm(weights.attentionNorm, rows: rows, sum: attendedSum, residual: residual, .attendedStatistics, y: attended)

        let before = kept.floats(.beforeActivation, rows * intermediate)
        weights.intermediate.forward(
            rows: rows, x: attended, xStride: hidden, memory: scratch, y: before, yStride: intermediate)
        update(adapter.intermediate, .adapterMiddle, .downMiddle, rows: rows)?
            .forward(step, texts, x: attended, y: before, yStride: intermediate)
        let middle = middle(texts)
        activate(
            base.configuration.activation.kernel, rows: rows, columns: intermediate, x: before, xStride: intermediate,
            y: middle,
            yStride: intermediate)

        let outputSum = kept.floats(.outputSum, rows * hidden)
        weights.output.forward(
            rows: rows, x: middle, xStride: intermediate, memory: scratch, y: outputSum, yStride: hidden)
        update(adapter.output, .adapterOutput, .downOutput, rows: rows)?.forward(
            step, texts, x: middle, y: outputSum, yStride: hidden)
        dropout(step, at: .output)?.apply(.output, layer: index, texts, columns: hidden, x: outputSum, y: outputSum)
        norm(weights.outputNorm, rows: rows, sum: outputSum, residual: attended, .outputStatistics, y: y)
    }

    private func norm(
        _ norm: NormWeights, rows: Int, sum: UnsafeMutablePointer<Float>, residual: UnsafePointer<Float>,
        _ statistics: Workspace.Name,
        y: UnsafeMutablePointer<Float>
    ) {
        layerNorm(
            rows: rows, columns: hidden, x: sum, xStride: hidden, residual: residual, residualStride: hidden,
            gamma: norm.gamma.pointer,
            beta: norm.beta.pointer, epsilon: base.configuration.epsilon, y: y, yStride: hidden,
            record: record(sum, statistics, rows: rows))
    }

    // MARK: - Backward

    /// Turns the gradient of this layer's output into that of its input, which it returns; nil if no layer below needs
    /// it.
    ///
    /// - Parameter g: [rows, hidden], or [texts, hidden] in the last layer; overwritten.
    func backward(_ step: TrainingStep, g: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float>? {
        guard let dContext = unfinish(step, g: g) else { return nil }
        let rows = step.texts.rowCount
        let x = input(rows: rows)
        let fused = kept.floats(.fused, rows * 3 * hidden)
        let probabilities = kept.floats(.probabilities, attention.probabilityCount(step, firstRowsOnly: firstRowsOnly))
        let dFused = scratch.floats(.gradientFused, rows * 3 * hidden)
        let update = update(adapter.queryKeyValue, .adapterFused, .downFused, rows: rows)
        guard firstRowsOnly else {
            attention.backward(step, fused: fused, probabilities: probabilities, dContext: dContext, dFused: dFused)
            let dx = stop == .queryKeyValue ? nil : g
            if let dx {
                weights.queryKeyValue.backwardInput(
                    rows: rows, dy: dFused, dyStride: 3 * hidden, in: step.gradients, memory: scratch,
                    dx: dx, dxStride: hidden, accumulate: true)
            }
            update?.backward(step, step.texts, x: x, dy: dFused, dyStride: 3 * hidden, dx: dx)
            return dx
        }
        let texts = step.texts.ranges.count
        let dQueries = scratch.floats(.gradientMiddle, texts * hidden)
        attention.backwardFirstRows(
            step, queries: kept.floats(.queries, texts * hidden), fused: fused, probabilities: probabilities,
            dContext: dContext,
            dQueries: dQueries, dFused: dFused)
        return backwardFirstRows(step, g: g, dQueries: dQueries, dFused: dFused)
    }

    /// Query, key and value of the last layer, where only first rows have queries.
    private func backwardFirstRows(
        _ step: TrainingStep, g: UnsafeMutablePointer<Float>, dQueries: UnsafePointer<Float>,
        dFused: UnsafePointer<Float>
    ) -> UnsafeMutablePointer<Float>? {
        let (rows, texts, keys) = (step.texts.rowCount, step.texts.ranges.count, hidden..<3 * hidden)
        let goesOn = stop != .queryKeyValue
        // g is the gradient of the first rows through the residual. The one through the queries is added.
        if goesOn {
            weights.queryKeyValue.backwardInput(
                rows: texts, dy: dQueries, dyStride: hidden, in: step.gradients, memory: scratch,
                dx: g, dxStride: hidden, columns: 0..<hidden,
                accumulate: true)
        }
        queryUpdate(step)?.backward(
            step, step.texts.firstRows, x: kept.floats(.features, texts * hidden), dy: dQueries, dyStride: hidden,
            dx: goesOn ? g : nil,
            columns: 0..<hidden)
        // Not a buffer that the layer below uses itself.
        let dx = goesOn ? scratch.floats(.hidden, rows * hidden) : nil
        if let dx {
            weights.queryKeyValue.backwardInput(
                rows: rows, dy: dFused + hidden, dyStride: 3 * hidden, in: step.gradients, memory: scratch,
                dx: dx, dxStride: hidden, columns: keys)
        }
        update(adapter.queryKeyValue, .adapterFused, .downFused, rows: rows)?
            .backward(
                step, step.texts, x: input(rows: rows), dy: dFused + hidden, dyStride: 3 * hidden, dx: dx, columns: keys
            )
        guard let dx else { return nil }
        for (text, rows) in step.texts.ranges.enumerated() {
            add(count: hidden, x: g + text * hidden, y: dx + rows.lowerBound * hidden)
        }
        return dx
    }

    /// Everything after the attention: returns the gradient of the context and leaves that of the residual in g.
    private func unfinish(_ step: TrainingStep, g: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float>? {
        let texts = upper(step)
        let rows = texts.rowCount
        normBackward(weights.outputNorm, kept.floats(.outputSum, rows * hidden), .outputStatistics, rows: rows, g: g)
        var dy = dropped(step, .output, texts, g: g)
        let dMiddle = stop == .output ? nil : scratch.floats(.gradientMiddle, rows * intermediate)
        if let dMiddle {
            weights.output.backwardInput(
                rows: rows, dy: dy, dyStride: hidden, in: step.gradients, memory: scratch,
                dx: dMiddle, dxStride: intermediate)
        }
        update(adapter.output, .adapterOutput, .downOutput, rows: rows)?
            .backward(step, texts, x: middle(texts), dy: dy, dyStride: hidden, dx: dMiddle)
        guard let dMiddle else { return nil }

        activateBackward(
            base.configuration.activation.kernel, rows: rows, columns: intermediate,
            x: kept.floats(.beforeActivation, rows * intermediate), xStride: intermediate, dy: dMiddle,
            dyStride: intermediate,
            dx: dMiddle, dxStride: intermediate)
        let dAttended = stop == .intermediate ? nil : g
        if let dAttended {
            weights.intermediate.backwardInput(
                rows: rows, dy: dMiddle, dyStride: intermediate, in: step.gradients, memory: scratch,
                dx: dAttended, dxStride: hidden, accumulate: true)
        }
        update(adapter.intermediate, .adapterMiddle, .downMiddle, rows: rows)?
            .backward(step, texts, x: attended(texts), dy: dMiddle, dyStride: intermediate, dx: dAttended)
        guard dAttended != nil else { return nil }

        normBackward(
            weights.attentionNorm, kept.floats(.attendedSum, rows * hidden), .attendedStatistics, rows: rows, g: g)
        dy = dropped(step, .attentionOutput, texts, g: g)
        let dContext = stop == .attentionOutput ? nil : scratch.floats(.gradientContext, rows * hidden)
        if let dContext {
            weights.attentionOutput.backwardInput(
                rows: rows, dy: dy, dyStride: hidden, in: step.gradients, memory: scratch,
                dx: dContext, dxStride: hidden)
        }
        update(adapter.attentionOutput, .adapterAttention, .downAttention, rows: rows)?
            .backward(step, texts, x: context(texts), dy: dy, dyStride: hidden, dx: dContext)
        return dContext
    }

    private func normBackward(
        _ norm: NormWeights, _ sum: UnsafeMutablePointer<Float>, _ statistics: Workspace.Name, rows: Int,
        g: UnsafeMutablePointer<Float>
    ) {
        layerNormBackward(
            rows: rows, columns: hidden, record: record(sum, statistics, rows: rows), gamma: norm.gamma.pointer, dy: g,
            dyStride: hidden,
            dx: g, dxStride: hidden)
    }

    /// The gradient before a residual dropout; g itself if nothing is dropped.
    private func dropped(
        _ step: TrainingStep, _ site: DropoutSite, _ texts: TextRows, g: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        guard let dropout = dropout(step, at: site) else { return UnsafePointer(g) }
        let dy = scratch.floats(.gradientDropped, texts.rowCount * hidden)
        dropout.apply(site, layer: index, texts, columns: hidden, x: g, y: dy)
        return UnsafePointer(dy)
    }
}

extension LayerAdapter {
    /// The first adapted place in forward order.
    var lowestGroup: LinearGroup? {
        if queryKeyValue != nil { return .queryKeyValue }
        if attentionOutput != nil { return .attentionOutput }
        if intermediate != nil { return .intermediate }
        return output == nil ? nil : .output
    }
}
