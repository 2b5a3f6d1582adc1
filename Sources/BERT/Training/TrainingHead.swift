import Kernels

/// The head in training: pooler or pre-classifier, classifier and loss, forward and then backward.
struct TrainingHead {
    let base: BERTBase
    let view: AdapterView
    let memory: Workspace
    private var hidden: Int { base.configuration.hidden }
    /// The head's masks have the layer number above the last layer.
    private var level: Int { base.configuration.layers }

    /// Returns the summed loss of features [texts, hidden] and adds the head's gradients.
    ///
    /// - Parameters:
    ///   - piece: the numbers of these texts within the batch.
    ///   - g: receives the gradient of the features, [texts, hidden]; nil if no layer below needs it.
    func run(
        _ step: TrainingStep, features: UnsafePointer<Float>, texts piece: Range<Int>, _ criterion: TrainingLoss,
        g: UnsafeMutablePointer<Float>?
    ) -> Float {
        let texts = step.texts.firstRows
        let rows = texts.rowCount
        let before = memory.floats(.beforeActivation, rows * hidden)
        let pooler = pooler(rows: rows)
        let activated = activate(step, features: features, before: before, pooler: pooler)
        let dropout = step.dropout(at: .classifier)

        let dActivated = memory.floats(.gradientMiddle, rows * hidden)
        let loss = classify(step, rows: rows, x: activated, dx: dActivated, texts: piece, criterion)

        dropout?.apply(.classifier, layer: level, texts, columns: hidden, x: dActivated, y: dActivated)
        activateBackward(
            activation, rows: rows, columns: hidden, x: before, xStride: hidden, dy: dActivated, dyStride: hidden,
            dx: dActivated,
            dxStride: hidden)
        projectBackward(step, texts, features: features, dy: dActivated, pooler: pooler, g: g)
        return loss
    }

    /// The logits of features [texts, hidden], [texts, labels]; those of which ``run(_:features:texts:_:g:)`` computes
    /// the loss.
    func logits(_ step: TrainingStep, features: UnsafePointer<Float>) -> [Float] {
        let rows = step.texts.firstRows.rowCount
        let before = memory.floats(.beforeActivation, rows * hidden)
        let x = activate(step, features: features, before: before, pooler: pooler(rows: rows))
        let count = rows * view.classifier.outputs
        let logits = memory.floats(.logits, count)
        view.classifier.forward(rows: rows, x: x, xStride: hidden, y: logits)
        return Array(UnsafeBufferPointer(start: logits, count: count))
    }

    private var activation: Kernels.Activation { view.preClassifier == nil ? .tanh : .relu }

    /// The classifier's input, [texts, hidden].
    private func activate(
        _ step: TrainingStep, features: UnsafePointer<Float>, before: UnsafeMutablePointer<Float>,
        pooler: TrainedUpdate?
    ) -> UnsafeMutablePointer<Float> {
        let texts = step.texts.firstRows
        let rows = texts.rowCount
        project(step, texts, features: features, y: before, pooler: pooler)
        let activated = memory.floats(.activated, rows * hidden)
        Kernels.activate(
            activation, rows: rows, columns: hidden, x: before, xStride: hidden, y: activated, yStride: hidden)
        step.dropout(at: .classifier)?.apply(
            .classifier, layer: level, texts, columns: hidden, x: activated, y: activated)
        return activated
    }

    private func pooler(rows: Int) -> TrainedUpdate? {
        view.pooler.map {
            TrainedUpdate(
                linear: $0, site: .adapterPooler, layer: level, memory: memory,
                down: memory.floats(.pooled, rows * $0.rank))
        }
    }

    /// The base's pooler with its update, or the adapter's pre-classifier.
    private func project(
        _ step: TrainingStep, _ texts: TextRows, features: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
        pooler: TrainedUpdate?
    ) {
        if let preClassifier = view.preClassifier {
            preClassifier.forward(rows: texts.rowCount, x: features, xStride: hidden, y: y)
        } else if let weights = base.pooler {
            weights.forward(
                rows: texts.rowCount, x: features, xStride: hidden, memory: memory, y: y, yStride: hidden)
            pooler?.forward(step, texts, x: features, y: y, yStride: hidden)
        }
    }

    private func projectBackward(
        _ step: TrainingStep, _ texts: TextRows, features: UnsafePointer<Float>, dy: UnsafePointer<Float>,
        pooler: TrainedUpdate?,
        g: UnsafeMutablePointer<Float>?
    ) {
        let rows = texts.rowCount
        if let preClassifier = view.preClassifier {
            backwardWeights(preClassifier, step, rows: rows, x: features, dy: dy)
            if let g {
                linearBackwardInput(
                    rows: rows, inputs: hidden, outputs: hidden, dy: dy, dyStride: hidden, weight: preClassifier.weight,
                    dx: g,
                    dxStride: hidden)
            }
        } else if let weights = base.pooler {
            if let g {
                weights.backwardInput(
                    rows: rows, dy: dy, dyStride: hidden, in: step.gradients, memory: memory, dx: g, dxStride: hidden)
            }
            pooler?.backward(step, texts, x: features, dy: dy, dyStride: hidden, dx: g)
        }
    }

    /// Logits, loss and the gradient of x[rows, hidden].
    private func classify(
        _ step: TrainingStep, rows: Int, x: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, texts: Range<Int>,
        _ criterion: TrainingLoss
    ) -> Float {
        let labels = view.classifier.outputs
        let logits = memory.floats(.logits, rows * labels)
        view.classifier.forward(rows: rows, x: x, xStride: hidden, y: logits)
        let loss = criterion.differentiate(logits, texts: texts)
        backwardWeights(view.classifier, step, rows: rows, x: x, dy: logits)
        linearBackwardInput(
            rows: rows, inputs: hidden, outputs: labels, dy: logits, dyStride: labels, weight: view.classifier.weight,
            dx: dx,
            dxStride: hidden)
        return loss
    }

    private func backwardWeights(
        _ linear: AdapterView.HeadLinear, _ step: TrainingStep, rows: Int, x: UnsafePointer<Float>,
        dy: UnsafePointer<Float>
    ) {
        linearBackwardWeight(
            rows: rows, inputs: linear.inputs, outputs: linear.outputs, x: x, xStride: linear.inputs, dy: dy,
            dyStride: linear.outputs,
            dWeight: step.gradientPlace(linear.weight), dBias: step.gradientPlace(linear.bias))
    }
}
