import CVectorKernels
import Glibc

/// The hyper-parameters of AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019).
public struct AdamWSettings: Sendable, Equatable {
    /// The decay of the mean of gradients.
    public var beta1: Float
    /// The decay of the mean of squared gradients.
    public var beta2: Float
    /// Added to the denominator.
    public var epsilon: Float
    /// Each step first shrinks the values by rate · weightDecay.
    public var weightDecay: Float

    /// PyTorch's defaults.
    public init(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0.01) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// One step of AdamW over `count` values. Each of the four buffers has `count` floats.
///
/// - Parameter step: from 1 up, for the bias correction of the moments.
public func adamWStep(
    count: Int, values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    rate: Float, step: Int, settings: AdamWSettings
) {
    let correction1 = 1 - pow(Double(settings.beta1), Double(step))
    let correction2 = 1 - pow(Double(settings.beta2), Double(step))
    lk_adamw(
        count, values, gradient, firstMoment, secondMoment, rate, settings.beta1, settings.beta2, settings.epsilon,
        settings.weightDecay, Float(correction1), Float(correction2))
}
