import Kernels

extension TrainingPass {
    /// The part of the loss of a text in windows in which each window has the labels of the text.
    ///
    /// While an adapter knows nothing, the best window is one by chance, and the pooled answer teaches that one only.
    /// This part teaches all of them from the beginning. docs/documents.md has what was measured.
    public static let shareOfWindows: Float = 0.2

    /// Adds `lossScale` times the gradient of the loss of one text that is read in windows: the loss of its pooled
    /// answer and, for ``shareOfWindows``, the mean loss of its windows.
    ///
    /// It takes a forward pass over all windows, then a forward and a backward pass over each. So its memory does not
    /// grow with the length of the text.
    ///
    /// - Parameters:
    ///   - windows: the windows of the text, in their order.
    ///   - hiddenStates: the result of `InferencePass.hiddenStates(below: adapter.lowestLayer, windows)`; computed if
    ///     nil.
    ///   - targets: of one text.
    ///   - firstSequence: the number of the first window among the sequences that share the key of the dropout.
    /// - Returns: the loss, without `lossScale`.
    public func accumulateGradient(
        windows: PackedBatch, hiddenStates: [Float]? = nil, pool: LongTexts.Pool, targets: TextTargets,
        lossScale: Float = 1, classWeights: [Float]? = nil, labelSmoothing: Float = 0, dropout: DropoutKey? = nil,
        firstSequence: Int = 0, into gradient: UnsafeMutableBufferPointer<Float>
    ) -> Float {
        let labels = adapter.labels.count
        precondition(targets.count == 1 && targets.fit(labels: labels), "the targets of one text")
        let batch = prepare(windows, hiddenStates, gradient)
        guard let place = gradient.baseAddress else { return 0 }
        let masks = masks(dropout, firstSequence)
        let pieces = pieces(of: batch)
        let logits = pieces.flatMap { self.logits(batch, $0, hiddenStates, masks, place) }
        let tokens = (0..<batch.sequenceCount).map { batch.range(of: $0).count }
        let answers = tokens.indices.map { Array(logits[$0 * labels..<($0 + 1) * labels]) }
        func criterion(_ texts: Int, _ share: Float) -> TrainingLoss {
            TrainingLoss(
                targets.at([Int](repeating: 0, count: texts)), labels: labels, scale: share * lossScale,
                classWeights: classWeights, labelSmoothing: labelSmoothing)
        }
        let (ofPooled, ofEach) = (1 - Self.shareOfWindows, Self.shareOfWindows / Float(tokens.count))
        let isMultiLabel = if case .sets = targets { true } else { false }
        var pooled = PooledLogits(answers, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel).logits
        var gradients = logits
        let loss =
            ofPooled * criterion(1, ofPooled).differentiate(&pooled, texts: 0..<1)
            + ofEach * criterion(tokens.count, ofEach).differentiate(&gradients, texts: 0..<tokens.count)
        let parts = PooledLogits.gradient(
            answers, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel, pooled: pooled)
        for (place, part) in parts.joined().enumerated() { gradients[place] += part }
        let whole = TrainingLoss(gradient: gradients, labels: labels)
        for piece in pieces { _ = run(batch, piece, hiddenStates, whole, masks, place) }
        return loss
    }
}
