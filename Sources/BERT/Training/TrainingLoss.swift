import Kernels

/// The targets of a batch and the loss of its logits.
struct TrainingLoss {
    private enum Targets {
        /// The class of each text.
        case classes([Int32])
        /// 1 where a label holds, [texts, labels].
        case matrix([Float])
        case soft(SoftTargets)
        /// The gradient of each logit, [texts, labels]: somebody else knows the loss.
        case gradient([Float])
    }

    private let targets: Targets
    private let labels: Int
    /// The factor of the gradient.
    private let scale: Float
    /// The factor of each label's loss; of its positive term if targets are sets.
    private let classWeights: [Float]?
    private let labelSmoothing: Float
    /// The factor of each text's loss; nil: all 1.
    private let textWeights: [Float]?

    init(
        _ given: TextTargets, labels: Int, scale: Float, classWeights: [Float]?, labelSmoothing: Float,
        textWeights: [Float]? = nil
    ) {
        switch given {
        case .classes(let classes): targets = .classes(classes.map(Int32.init))
        case .sets(let sets):
            var matrix = [Float](repeating: 0, count: sets.count * labels)
            for (text, set) in sets.enumerated() {
                for label in set { matrix[text * labels + label] = 1 }
            }
            targets = .matrix(matrix)
        }
        (self.labels, self.scale, self.classWeights, self.labelSmoothing) = (
            labels, scale, classWeights, labelSmoothing
        )
        self.textWeights = textWeights
    }

    /// The loss of distillation: neither class weights nor label smoothing, since no label is taken for the truth.
    init(_ given: SoftTargets, labels: Int, scale: Float) {
        (targets, self.labels, self.scale) = (.soft(given), labels, scale)
        (classWeights, labelSmoothing, textWeights) = (nil, 0, nil)
    }

    /// The loss is part of another, whose gradient is given, [texts, labels].
    init(gradient: [Float], labels: Int) {
        (targets, self.labels, scale) = (.gradient(gradient), labels, 1)
        (classWeights, labelSmoothing, textWeights) = (nil, 0, nil)
    }

    /// Returns the summed loss of some texts and overwrites their logits, [texts, labels], with the gradient.
    ///
    /// The loss of a text with a set of labels is the mean over all labels, as in PyTorch's `BCEWithLogitsLoss`.
    func differentiate(_ logits: UnsafeMutablePointer<Float>, texts: Range<Int>) -> Float {
        guard let textWeights else { return differentiate(logits, texts, scale: scale) }
        var loss: Float = 0
        for (place, text) in texts.enumerated() {
            let weight = textWeights[text]
            loss += weight * differentiate(logits + place * labels, text..<text + 1, scale: scale * weight)
        }
        return loss
    }

    private func differentiate(_ logits: UnsafeMutablePointer<Float>, _ texts: Range<Int>, scale: Float) -> Float {
        guard let classWeights else { return differentiate(logits, texts, scale, weights: nil) }
        return classWeights.withUnsafeBufferPointer {
            differentiate(logits, texts, scale, weights: $0.baseAddress)
        }
    }

    private func differentiate(
        _ logits: UnsafeMutablePointer<Float>, _ texts: Range<Int>, _ scale: Float, weights: UnsafePointer<Float>?
    ) -> Float {
        switch targets {
        case .classes(let classes):
            return classes[texts].withUnsafeBufferPointer { targets in
                guard let targets = targets.baseAddress else { return 0 }
                return Float(
                    crossEntropy(
                        rows: texts.count, classes: labels, logits: logits, logitStride: labels, targets: targets,
                        classWeights: weights,
                        labelSmoothing: labelSmoothing, dLogits: logits, dLogitStride: labels, scale: scale
                    ).sum)
            }
        case .matrix(let matrix):
            return matrix[texts.lowerBound * labels..<texts.upperBound * labels].withUnsafeBufferPointer { targets in
                guard let targets = targets.baseAddress else { return 0 }
                let sum = binaryCrossEntropy(
                    rows: texts.count, classes: labels, logits: logits, logitStride: labels, targets: targets,
                    positiveWeights: weights,
                    labelSmoothing: labelSmoothing, dLogits: logits, dLogitStride: labels, scale: scale / Float(labels))
                return Float(sum / Double(labels))
            }
        case .soft(let soft): return divergence(logits, soft, texts, scale)
        case .gradient(let gradient):
            for (place, value) in gradient[texts.lowerBound * labels..<texts.upperBound * labels].enumerated() {
                logits[place] = value
            }
            return 0
        }
    }

    private func divergence(
        _ logits: UnsafeMutablePointer<Float>, _ soft: SoftTargets, _ texts: Range<Int>, _ scale: Float
    ) -> Float {
        let width = soft.places.count
        return soft.probabilities[texts.lowerBound * width..<texts.upperBound * width].withUnsafeBufferPointer {
            guard let targets = $0.baseAddress else { return 0 }
            let kernel = soft.isMultiLabel ? sigmoidDivergence : softmaxDivergence
            return Float(
                kernel(
                    texts.count, labels, logits, labels, soft.places, targets, soft.temperature, logits, labels, scale))
        }
    }
}
