import BERT
import Kernels

/// Gradient clipping and AdamW over the flat parameters of an adapter. With LoRA+, B and biases have a rate of their
/// own.
struct AdapterOptimizer {
    private let adapter: TrainableAdapter
    private let clipping: Float
    private let decayed: AdamWSettings
    private let undecayed: AdamWSettings
    /// Adjacent tensors with the same weight decay and rate.
    private struct ParameterGroup {
        var range: Range<Int>
        let decays: Bool
        let isFast: Bool
    }

    private var groups: [ParameterGroup] = []
    private let fastRatio: Float
    private let firstMoment: FloatBuffer
    private let secondMoment: FloatBuffer
    private var step = 0

    /// - Parameter loraPlusRatio: the rate of B matrices and biases divided by that of the other parameters.
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
            if let last = groups.last, last.decays == tensor.decays, last.isFast == isFast,
                last.range.upperBound == tensor.range.lowerBound
            {
                groups[groups.count - 1].range = last.range.lowerBound..<tensor.range.upperBound
            } else {
                groups.append(ParameterGroup(range: tensor.range, decays: tensor.decays, isFast: isFast))
            }
        }
    }

    /// The state between steps, without the adapter's values.
    struct State: Sendable, Equatable {
        /// Steps taken.
        var step: Int
        var firstMoment: [Float]
        var secondMoment: [Float]
    }

    /// A copy of the state; to set it, the arrays must have `adapter.parameterCount` floats.
    var state: State {
        get { State(step: step, firstMoment: Array(firstMoment.values), secondMoment: Array(secondMoment.values)) }
        set {
            step = newValue.step
            _ = firstMoment.values.update(fromContentsOf: newValue.firstMoment)
            _ = secondMoment.values.update(fromContentsOf: newValue.secondMoment)
        }
    }

    /// One step on the sum of the gradients, in their order; the gradients are overwritten.
    ///
    /// - Returns: the norm of the gradient before clipping. If it is not finite, nothing has changed.
    mutating func step(_ gradients: [FloatBuffer], rate: Float) -> Double {
        guard let total = gradients.first, let values = adapter.values.baseAddress else { return 0 }
        for gradient in gradients.dropFirst() { add(count: total.count, x: gradient.start, y: total.start) }
        let norm = squaredNorm(count: total.count, x: total.start).squareRoot()
        guard norm.isFinite else { return norm }
        // PyTorch's clip_grad_norm_ adds the same small number to the denominator.
        let shrink = Float(Double(clipping) / (norm + 1e-6))
        if clipping > 0, shrink < 1 { scale(count: total.count, alpha: shrink, x: total.start) }
        step += 1
        for group in groups {
            let range = group.range
            adamWStep(
                count: range.count, values: values + range.lowerBound, gradient: total.start + range.lowerBound,
                firstMoment: firstMoment.start + range.lowerBound, secondMoment: secondMoment.start + range.lowerBound,
                rate: group.isFast ? rate * fastRatio : rate, step: step,
                settings: group.decays ? decayed : undecayed)
        }
        return norm
    }
}
