import Kernels

extension TrainingPass {
    /// Adds `lossScale` times the gradient of the loss of one text that is read in windows: the loss of its pooled
    /// answer.
    ///
    /// It takes a forward pass over all windows, then a forward and a backward pass over those that the answer hangs
    /// on: with ``LongTexts/Pool/max`` each label's best one. So its memory is that of one window, however long the
    /// text is.
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
        let logits = pieces(of: batch).flatMap { piece in
            let all = self.logits(batch, piece, hiddenStates, masks, place)
            return (0..<piece.count).map { Array(all[$0 * labels..<($0 + 1) * labels]) }
        }
        let tokens = (0..<batch.sequenceCount).map { batch.range(of: $0).count }
        let isMultiLabel = if case .sets = targets { true } else { false }
        var pooled = PooledLogits(logits, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel).logits
        let criterion = TrainingLoss(
            targets, labels: labels, scale: lossScale, classWeights: classWeights, labelSmoothing: labelSmoothing)
        let loss = pooled.withUnsafeMutableBufferPointer { logits in
            logits.baseAddress.map { criterion.differentiate($0, texts: 0..<1) } ?? 0
        }
        let gradients = PooledLogits.gradient(
            logits, tokens: tokens, pool: pool, isMultiLabel: isMultiLabel, pooled: pooled)
        let parts = TrainingLoss(gradient: gradients.flatMap { $0 }, labels: labels)
        for (window, gradient) in gradients.enumerated() where gradient.contains(where: { $0 != 0 }) {
            _ = run(batch, window..<window + 1, hiddenStates, parts, masks, place)
        }
        return loss
    }
}
