import Foundation

/// The rate of each step: up from zero in a straight line, then as its shape says.
///
/// As transformers' `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and `get_constant_schedule_with_warmup`.
struct LearningRateSchedule {
    let peak: Float
    let shape: TrainingSettings.Schedule
    let warmupSteps: Int
    let steps: Int

    init(peak: Float, shape: TrainingSettings.Schedule = .linear, warmup: Float, steps: Int) {
        self.peak = peak
        self.shape = shape
        self.steps = steps
        // In single precision, that a share such as 0.06 be not a little less than what was written: 50 steps have 3 to warm up.
        warmupSteps = min(Int(warmup * Float(steps)), steps)
    }

    /// - Parameter step: from 0; the very first rate is zero where there is a warm-up.
    func rate(at step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step) / Float(warmupSteps) }
        switch shape {
        case .linear: return peak * Float(max(steps - step, 0)) / Float(max(steps - warmupSteps, 1))
        case .cosine:
            let left = Double(max(steps - step, 0)) / Double(max(steps - warmupSteps, 1))
            return peak * Float(0.5 * (1 - cos(Double.pi * left)))
        case .constant: return peak
        }
    }
}
