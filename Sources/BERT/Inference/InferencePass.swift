import Kernels

/// One worker's forward pass, with its memory. Not Sendable: each thread has its own.
///
/// Any adapters may share a batch. A text with several tasks runs once through the layers below the lowest one that a
/// task's adapter changes; there the task forks off. After the first batches, only the result is allocated. The calling
/// thread is left with flush-to-zero on, so it should be a worker thread.
public final class InferencePass {
    /// The base of all adapters.
    public let base: BERTBase
    private let encoder: EncoderForward
    private var plan = ForkPlan()
    private var views: [AdapterView] = []
    private var lowestLayers: [Int] = []
    private var hidden: Int { base.configuration.hidden }

    /// A pass over this base, without memory yet.
    public init(base: BERTBase) {
        self.base = base
        encoder = EncoderForward(base: base)
    }

    /// The logits of every text by every adapter that it is assigned to.
    ///
    /// - Parameters:
    ///   - batch: sequences, cut after the base's number of positions. Unknown token ids count as 0.
    ///   - adapters: all over this base.
    ///   - assignments: for each sequence, indices into `adapters`, possibly none.
    /// - Returns: `[sequence][k][label]`, where k counts the sequence's assignments.
    public func logits(_ batch: PackedBatch, adapters: [Adapter], assignments: [[Int]]) -> [[[Float]]] {
        var result = assignments.map { [[Float]](repeating: [], count: $0.count) }
        forEachLogits(batch, adapters: adapters, assignments: assignments) { sequence, place, logits in
            result[sequence][place] = Array(logits)
        }
        return result
    }

    /// Like ``logits(_:adapters:assignments:)``, but calls `body` with a sequence, the index of one of its assignments
    /// and the logits [labels], which are valid during the call. Allocates nothing once it has seen the largest batch.
    public func forEachLogits(
        _ batch: PackedBatch, adapters: [Adapter], assignments: [[Int]],
        _ body: (_ sequence: Int, _ place: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
    ) {
        forEachVector(batch, adapters: adapters, assignments: assignments) { sequence, place, logits, _ in
            body(sequence, place, logits)
        }
    }

    /// Like ``forEachLogits(_:adapters:assignments:_:)``, but `body` also gets the pooled vector [hidden] that the
    /// classifier layer has seen.
    public func forEachVector(
        _ batch: PackedBatch, adapters: [Adapter], assignments: [[Int]],
        _ body: (
            _ sequence: Int, _ place: Int, _ logits: UnsafeBufferPointer<Float>, _ pooled: UnsafeBufferPointer<Float>
        ) -> Void
    ) {
        precondition(assignments.count == batch.sequenceCount, "one list of assignments per sequence")
        precondition(
            adapters.allSatisfy { $0.base === base || $0.baseDigest == base.digest }, "an adapter of another base")
        enableFlushToZero()
        encoder.clock?.lap(.waiting)
        prepare(batch, adapters, assignments)
        guard plan.rowCount > 0 else { return }
        classify(encode(batch), body)
    }

    /// The time by stage, from when this is set. Time between two passes counts as `waiting` unless ``lap(_:)`` counts
    /// it.
    public var profile: StageProfile? {
        get { encoder.clock?.profile }
        set { encoder.clock = newValue.map(StageClock.init) }
    }

    /// Counts the time since the last stage to this one, if there is a profile.
    public func lap(_ stage: StageProfile.Stage) { encoder.clock?.lap(stage) }

    private func prepare(_ batch: PackedBatch, _ adapters: [Adapter], _ assignments: [[Int]]) {
        views.removeAll(keepingCapacity: true)
        lowestLayers.removeAll(keepingCapacity: true)
        for adapter in adapters {
            views.append(adapter.view)
            lowestLayers.append(adapter.lowestLayer)
        }
        plan.begin(lowestLayers: lowestLayers, assignments: assignments) { encoder.length(batch.range(of: $0).count) }
        encoder.clock?.lap(.plan)
    }

    // MARK: - Encoder

    /// Runs all layers and leaves the plan with one row per task. Returns these rows, [tasks, hidden].
    private func encode(_ batch: PackedBatch) -> UnsafeMutablePointer<Float> {
        let last = base.configuration.layers - 1
        var x = encoder.memory.floats(.hidden, plan.rowCount * hidden)
        encoder.embed(batch, plan, x: x)
        for layer in 0..<last {
            x = fork(at: layer, x)
            encoder.layer(layer, plan, views, x: x)
        }
        x = fork(at: last, x)
        let features = encoder.memory.floats(.features, plan.segments.count * hidden)
        encoder.lastLayer(last, &plan, views, x: x, y: features)
        return forkFeatures(features)
    }

    /// Copies the hidden states to the layout of `layer`, if a task forks off there.
    private func fork(at layer: Int, _ x: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
        guard plan.forks(at: layer) else { return x }
        plan.fork(at: layer)
        let isInHidden = x == encoder.memory.floats(.hidden, 0)
        let y = encoder.memory.floats(isInHidden ? .forked : .hidden, plan.rowCount * hidden)
        for segment in plan.segments {
            (y + segment.rows.lowerBound * hidden).update(
                from: x + segment.source * hidden, count: segment.rows.count * hidden)
        }
        encoder.rowsMoved()
        encoder.clock?.lap(.fork)
        return y
    }

    /// Forks adapters that change no layer of the encoder off above it.
    private func forkFeatures(_ features: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
        guard plan.forks(at: base.configuration.layers) else { return features }
        plan.fork(at: base.configuration.layers)
        let y = encoder.memory.floats(.hidden, plan.segments.count * hidden)
        for segment in plan.segments {
            (y + segment.rows.lowerBound * hidden).update(from: features + segment.source * hidden, count: hidden)
        }
        return y
    }

    // MARK: - Heads

    /// What the heads read of each of these texts: the output of the pooler, or of the adapter's pre-classifier, after
    /// its activation, [hidden].
    public func pooledFeatures(_ batch: PackedBatch, adapter: Adapter) -> [[Float]] {
        var result = [[Float]](repeating: [], count: batch.sequenceCount)
        enableFlushToZero()
        prepare(batch, [adapter], Array(repeating: [0], count: batch.sequenceCount))
        guard plan.rowCount > 0 else { return result }
        let pooled = pool(encode(batch))
        for group in plan.groups where group.adapter != nil {
            for (row, segment) in plan.segments[group.segments].enumerated() {
                let start = pooled + (group.rows.lowerBound + row) * hidden
                result[segment.sequence] = Array(UnsafeBufferPointer(start: start, count: hidden))
            }
        }
        return result
    }

    /// The input of the heads, [tasks, hidden].
    private func pool(_ features: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
        let rows = plan.segments.count
        let pooled = encoder.memory.floats(.attended, rows * hidden)
        if let pooler = base.pooler {
            pooler.forward(
                rows: rows, x: features, xStride: hidden, memory: encoder.memory, y: pooled, yStride: hidden)
            for group in plan.groups {
                guard let adapter = group.adapter, let linear = views[adapter].pooler else { continue }
                encoder.apply(linear, group.rows, x: features, xStride: hidden, y: pooled, yStride: hidden)
            }
            activate(.tanh, rows: rows, columns: hidden, x: pooled, xStride: hidden, y: pooled, yStride: hidden)
        }
        for group in plan.groups {
            guard let adapter = group.adapter, let preClassifier = views[adapter].preClassifier else { continue }
            let first = group.rows.lowerBound * hidden
            preClassifier.forward(
                rows: group.rows.count, x: features + first, xStride: hidden, y: pooled + first)
            activate(
                .relu, rows: group.rows.count, columns: hidden, x: pooled + first, xStride: hidden, y: pooled + first,
                yStride: hidden)
        }
        return pooled
    }

    private func classify(
        _ features: UnsafeMutablePointer<Float>,
        _ body: (Int, Int, UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
    ) {
        let pooled = pool(features)
        for group in plan.groups {
            guard let adapter = group.adapter else { continue }
            let logits = classify(group, views[adapter], pooled: pooled)
            let labels = views[adapter].classifier.outputs
            for (row, segment) in plan.segments[group.segments].enumerated() {
                guard let slot = segment.slot else { continue }
                body(
                    segment.sequence, slot - plan.firstSlots[segment.sequence],
                    UnsafeBufferPointer(start: logits + row * labels, count: labels),
                    UnsafeBufferPointer(start: pooled + (group.rows.lowerBound + row) * hidden, count: hidden))
            }
        }
        encoder.clock?.lap(.heads)
    }

    /// One adapter's head on its rows: [rows, labels].
    private func classify(
        _ group: ForkPlan.Group, _ view: AdapterView, pooled: UnsafePointer<Float>
    ) -> UnsafePointer<Float> {
        let rows = group.rows.count
        let logits = encoder.memory.floats(.logits, rows * view.classifier.outputs)
        view.classifier.forward(rows: rows, x: pooled + group.rows.lowerBound * hidden, xStride: hidden, y: logits)
        return UnsafePointer(logits)
    }

    // MARK: - The base alone

    /// The hidden states [tokens, hidden] that enter `layer`, by the base alone: the frozen input of an adapter's
    /// lowest layer.
    ///
    /// Sequences are cut after the base's number of positions.
    public func hiddenStates(below layer: Int, _ batch: PackedBatch) -> [Float] {
        let batch = batch.cut(to: base.configuration.positions)
        var states = [Float](repeating: 0, count: batch.tokenCount * hidden)
        states.withUnsafeMutableBufferPointer { buffer in
            guard let x = buffer.baseAddress else { return }
            hiddenStates(below: layer, batch, into: x)
        }
        return states
    }

    /// Like `hiddenStates(below:_:)`, into memory for [tokens, hidden]. No sequence may be longer than the base's
    /// number of positions.
    func hiddenStates(below layer: Int, _ batch: PackedBatch, into x: UnsafeMutablePointer<Float>) {
        enableFlushToZero()
        // Each sequence has one task, which never forks off.
        let trunks = Array(repeating: [0], count: batch.sequenceCount)
        plan.begin(lowestLayers: [base.configuration.layers + 1], assignments: trunks) { batch.range(of: $0).count }
        guard plan.rowCount > 0 else { return }
        encoder.embed(batch, plan, x: x)
        for index in 0..<min(layer, base.configuration.layers) { encoder.layer(index, plan, [], x: x) }
    }

    /// The memory in bytes that the pass keeps for the next batch.
    public var workspaceBytes: Int { encoder.memory.byteCount }
}
