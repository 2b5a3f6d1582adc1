import Kernels

/// One worker's forward and backward pass over an adapter in training. Not Sendable: each thread has its own.
///
/// Several may share a `TrainableAdapter`, each with its own gradient buffer. Layers below the adapter's lowest one are
/// computed forward only, without dropout, or not at all if their result is given.
public final class TrainingPass {
    /// The frozen base.
    public let base: BERTBase
    /// The adapter whose gradients are computed.
    public let adapter: TrainableAdapter
    private let rates: DropoutRates
    private let gradients: DataType
    private let maximumTokens: Int
    private let lower: InferencePass
    private let scratch = Workspace()
    private let layers: [TrainingLayer]
    private var hidden: Int { base.configuration.hidden }

    /// - Parameters:
    ///   - dropout: rates in the layers at and above the lowest adapted one; nil takes the base's own. The rate on the
    ///     adapters' inputs is the adapter configuration's.
    ///   - maximumTokens: larger batches are computed in pieces of about this many tokens, which bounds the memory.
    ///   - gradients: what gradients are rounded to before they are multiplied by the weights of a layer that computes
    ///     in int8 or bfloat16: float32 or bfloat16. By default, whichever is faster on this CPU.
    public init(
        base: BERTBase, adapter: TrainableAdapter, dropout: DropoutRates? = nil, maximumTokens: Int = 256,
        gradients: DataType = hasBFloat16Product ? .bfloat16 : .float32
    ) {
        self.gradients = gradients
        self.base = base
        self.adapter = adapter
        self.maximumTokens = max(1, maximumTokens)
        rates = dropout ?? base.configuration.dropout
        lower = InferencePass(base: base)
        let scratch = scratch
        layers = (adapter.lowestLayer..<max(adapter.lowestLayer, base.configuration.layers)).map {
            TrainingLayer(base: base, index: $0, view: adapter.view, scratch: scratch)
        }
    }

    /// Adds `lossScale` times the gradient of the batch's summed loss to a buffer of `adapter.parameterCount` floats.
    ///
    /// - Parameters:
    ///   - hiddenStates: the result of `InferencePass.hiddenStates(below: adapter.lowestLayer, batch)`; computed if
    ///     nil.
    ///   - targets: the index of each sequence's label, or of all its labels.
    ///   - classWeights: the factor of each label's loss; of its positive term if targets are sets.
    ///   - textWeights: the factor of each sequence's loss; nil: all 1.
    ///   - dropout: nil switches all dropout off. The same key gives the same masks.
    ///   - firstSequence: the number of the batch's first sequence among those that share the key. Masks depend on this
    ///     number, so that a batch gives the same gradient however passes divide it.
    /// - Returns: the summed loss, without `lossScale`.
    public func accumulateGradient(
        batch: PackedBatch, hiddenStates: [Float]? = nil, targets: TextTargets, lossScale: Float = 1,
        classWeights: [Float]? = nil, labelSmoothing: Float = 0, textWeights: [Float]? = nil,
        dropout: DropoutKey? = nil, firstSequence: Int = 0, into gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let labels = adapter.labels.count
        precondition(targets.count == batch.sequenceCount, "one target per sequence")
        precondition(targets.fit(labels: labels), "a target beyond the labels")
        precondition(classWeights.map { $0.count == labels } ?? true, "one weight per label")
        precondition(textWeights.map { $0.count == batch.sequenceCount } ?? true, "one weight per sequence")
        let criterion = TrainingLoss(
            targets, labels: labels, scale: lossScale, classWeights: classWeights, labelSmoothing: labelSmoothing,
            textWeights: textWeights)
        return accumulate(batch, hiddenStates, criterion, dropout, firstSequence, into: gradient)
    }

    /// The same with the probabilities of a teacher in place of labels. The loss of a text is T² times the
    /// Kullback–Leibler divergence from them at their temperature T; for independent labels, its mean over the labels.
    public func accumulateGradient(
        batch: PackedBatch, hiddenStates: [Float]? = nil, softTargets: SoftTargets, lossScale: Float = 1,
        dropout: DropoutKey? = nil, firstSequence: Int = 0, into gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let labels = adapter.labels.count
        precondition(softTargets.count == batch.sequenceCount, "one target per sequence")
        precondition(softTargets.fit(labels: labels), "a target beyond the labels")
        let criterion = TrainingLoss(softTargets, labels: labels, scale: lossScale)
        return accumulate(batch, hiddenStates, criterion, dropout, firstSequence, into: gradient)
    }

    private func accumulate(
        _ given: PackedBatch, _ hiddenStates: [Float]?, _ criterion: TrainingLoss, _ dropout: DropoutKey?,
        _ firstSequence: Int, into gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let batch = prepare(given, hiddenStates, gradient)
        guard let place = gradient.baseAddress else { return 0 }
        let masks = masks(dropout, firstSequence)
        return pieces(of: batch).reduce(0) { $0 + run(batch, $1, hiddenStates, criterion, masks, place) }
    }

    /// Checks what a caller gives, and returns the batch as the base reads it.
    func prepare(
        _ given: PackedBatch, _ hiddenStates: [Float]?, _ gradient: UnsafeMutableBufferPointer<Float>
    ) -> PackedBatch {
        precondition(gradient.count >= adapter.parameterCount, "a gradient buffer as large as the parameters")
        enableFlushToZero()
        let batch = given.cut(to: base.configuration.positions)
        precondition(
            hiddenStates.map { $0.count == batch.tokenCount * hidden } ?? true, "hidden states of this very batch")
        return batch
    }

    func masks(_ dropout: DropoutKey?, _ firstSequence: Int) -> TrainingDropout? {
        dropout.map {
            TrainingDropout(
                key: $0, rates: rates, adapterRate: Float(adapter.configuration.dropout), firstSequence: firstSequence)
        }
    }

    /// The same with one label per sequence.
    public func accumulateGradient(
        batch: PackedBatch, hiddenStates: [Float]? = nil, targets: [Int], lossScale: Float = 1,
        classWeights: [Float]? = nil,
        labelSmoothing: Float = 0, dropout: DropoutKey? = nil, firstSequence: Int = 0,
        into gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        accumulateGradient(
            batch: batch, hiddenStates: hiddenStates, targets: .classes(targets), lossScale: lossScale,
            classWeights: classWeights,
            labelSmoothing: labelSmoothing, dropout: dropout, firstSequence: firstSequence, into: gradient)
    }

    /// The sequences of a batch in pieces of at most `maximumTokens` tokens, or of one sequence.
    func pieces(of batch: PackedBatch) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var first = 0
        while first < batch.sequenceCount {
            var end = first + 1
            while end < batch.sequenceCount, batch.offsets[end + 1] - batch.offsets[first] <= maximumTokens { end += 1 }
            pieces.append(first..<end)
            first = end
        }
        return pieces
    }

    private var head: TrainingHead { TrainingHead(base: base, view: adapter.view, memory: scratch) }

    private func step(
        _ batch: PackedBatch, _ piece: Range<Int>, _ dropout: TrainingDropout?,
        _ gradient: UnsafeMutablePointer<Float>
    ) -> TrainingStep {
        let start = batch.offsets[piece.lowerBound]
        let ranges = piece.map { batch.offsets[$0] - start..<batch.offsets[$0 + 1] - start }
        return TrainingStep(
            texts: TextRows(first: piece.lowerBound, ranges: ranges), dropout: dropout, gradients: gradients,
            gradient: gradient, values: UnsafePointer(adapter.values.baseAddress ?? gradient))
    }

    /// The logits of a piece, [sequences, labels]. The gradient stays as it is.
    func logits(
        _ batch: PackedBatch, _ piece: Range<Int>, _ hiddenStates: [Float]?, _ dropout: TrainingDropout?,
        _ gradient: UnsafeMutablePointer<Float>
    ) -> [Float] {
        let step = step(batch, piece, dropout, gradient)
        return head.logits(step, features: forward(batch, piece, step, hiddenStates))
    }

    /// Adds the gradient of a piece, and returns its loss.
    func run(
        _ batch: PackedBatch, _ piece: Range<Int>, _ hiddenStates: [Float]?, _ criterion: TrainingLoss,
        _ dropout: TrainingDropout?,
        _ gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        let step = step(batch, piece, dropout, gradient)
        let features = forward(batch, piece, step, hiddenStates)
        let g = layers.isEmpty ? nil : scratch.floats(.gradient, max(step.texts.rowCount, 1) * hidden)
        let loss = head.run(step, features: features, texts: piece, criterion, g: g)
        backward(step, g: g)
        return loss
    }

    /// The features of the piece's texts, [texts, hidden].
    private func forward(
        _ batch: PackedBatch, _ piece: Range<Int>, _ step: TrainingStep, _ hiddenStates: [Float]?
    ) -> UnsafeMutablePointer<Float> {
        let rows = step.texts.rowCount
        let features = scratch.floats(.features, piece.count * hidden)
        let first = layers.first?.input(rows: rows) ?? scratch.floats(.hidden, rows * hidden)
        if let hiddenStates {
            hiddenStates.withUnsafeBufferPointer { states in
                guard let states = states.baseAddress else { return }
                first.update(from: states + batch.offsets[piece.lowerBound] * hidden, count: rows * hidden)
            }
        } else {
            let sequences = PackedBatch(piece.map { Array(batch.tokenIDs[batch.range(of: $0)]) })
            lower.hiddenStates(below: adapter.lowestLayer, sequences, into: first)
        }
        if adapter.lowestLayer == 0, let dropout = step.dropout(at: .embeddings) {
            dropout.apply(.embeddings, layer: 0, step.texts, columns: hidden, x: first, y: first)
        }
        for (number, layer) in layers.enumerated() {
            layer.forward(step, y: number + 1 < layers.count ? layers[number + 1].input(rows: rows) : features)
        }
        if layers.isEmpty {
            for (text, rows) in step.texts.ranges.enumerated() {
                (features + text * hidden).update(from: first + rows.lowerBound * hidden, count: hidden)
            }
        }
        return features
    }

    private func backward(_ step: TrainingStep, g: UnsafeMutablePointer<Float>?) {
        var g = g
        for layer in layers.reversed() {
            guard let above = g else { return }
            g = layer.backward(step, g: above)
        }
    }
}
