import BERT
import Kernels

/// AdamW over an adapter's flat values, after clipping; with LoRA+ in two groups that differ in their rates.
struct AdapterOptimizer {
    private let adapter: TrainableAdapter
    private let clipping: Float
    private let decayed: AdamWSettings
    private let undecayed: AdamWSettings
    /// Neighbouring tensors of one kind.
    private struct Stretch {
        var range: Range<Int>
        let decays: Bool
        let isFast: Bool
    }

    private var stretches: [Stretch] = []
    private let fastRatio: Float
    private let firstMoment: FloatBuffer
    private let secondMoment: FloatBuffer
    private var step = 0

    /// - Parameter loraPlusRatio: the rate of B matrices and biases, divided by that of all others.
    init(_ adapter: TrainableAdapter, weightDecay: Float, clipping: Float, loraPlusRatio: Float = 1) {
        self.adapter = adapter
        fastRatio = loraPlusRatio
        self.clipping = clipping
        decayed = AdamWSettings(weightDecay: weightDecay)
        undecayed = AdamWSettings(weightDecay: 0)
        firstMoment = FloatBuffer(count: adapter.parameterCount)
        secondMoment = FloatBuffer(count: adapter.parameterCount)
        for tensor in adapter.tensors {
            let isFast = tensor.name.hasSuffix("lora_B.weight") || tensor.shape.count == 1
            if let last = stretches.last, last.decays == tensor.decays, last.isFast == isFast,
                last.range.upperBound == tensor.range.lowerBound
            {
                stretches[stretches.count - 1].range = last.range.lowerBound..<tensor.range.upperBound
            } else {
                stretches.append(Stretch(range: tensor.range, decays: tensor.decays, isFast: isFast))
            }
        }
    }

    /// What stays between steps, beside the adapter's values.
    struct State: Sendable, Equatable {
        /// Steps done.
        var step: Int
        var firstMoment: [Float]
        var secondMoment: [Float]
    }

    /// Copied; setting it takes arrays of `adapter.parameterCount` floats.
    var state: State {
        get { State(step: step, firstMoment: Array(firstMoment.values), secondMoment: Array(secondMoment.values)) }
        set {
            step = newValue.step
            _ = firstMoment.values.update(fromContentsOf: newValue.firstMoment)
            _ = secondMoment.values.update(fromContentsOf: newValue.secondMoment)
        }
    }

    /// One step on the sum of the gradients, added up in their order; they are scratch afterwards.
    /// - Returns: the norm of the gradient before clipping; nothing is changed if it is not finite.
    mutating func step(_ gradients: [FloatBuffer], rate: Float) -> Double {
        guard let total = gradients.first, let values = adapter.values.baseAddress else { return 0 }
        for gradient in gradients.dropFirst() { add(count: total.count, x: gradient.start, y: total.start) }
        let norm = squaredNorm(count: total.count, x: total.start).squareRoot()
        guard norm.isFinite else { return norm }
        // PyTorch's clip_grad_norm_ has the same small number beneath the line.
        let shrink = Float(Double(clipping) / (norm + 1e-6))
        if clipping > 0, shrink < 1 { scale(count: total.count, alpha: shrink, x: total.start) }
        step += 1
        for stretch in stretches {
            let range = stretch.range
            adamWStep(
                count: range.count, values: values + range.lowerBound, gradient: total.start + range.lowerBound,
                firstMoment: firstMoment.start + range.lowerBound, secondMoment: secondMoment.start + range.lowerBound,
                rate: stretch.isFast ? rate * fastRatio : rate, step: step,
                settings: stretch.decays ? decayed : undecayed)
        }
        return norm
    }
}
