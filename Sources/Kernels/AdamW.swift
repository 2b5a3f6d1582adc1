import CVectorKernels
import Glibc

/// The settings of AdamW that stay fixed over a training.
public struct AdamWSettings: Sendable, Equatable {
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// Decoupled: values shrink by rate · weightDecay before each step.
    public var weightDecay: Float

    public init(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0.01) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

/// One step of AdamW over `count` values; `step` counts from 1 (bias correction). All four buffers hold `count` floats.
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
