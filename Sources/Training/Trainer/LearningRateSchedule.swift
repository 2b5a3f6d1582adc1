import Glibc

/// The learning rate of each step: a linear warm-up from zero, then the shape of the schedule.
///
/// Equal to transformers' `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and
/// `get_constant_schedule_with_warmup`.
struct LearningRateSchedule {
    let peak: Float
    let shape: TrainingSettings.Schedule
    let warmupSteps: Int
    let steps: Int

    init(peak: Float, shape: TrainingSettings.Schedule = .linear, warmup: Float, steps: Int) {
        self.peak = peak
        self.shape = shape
        self.steps = steps
        // In single precision: 0.06 of 50 steps are 3, but a little less than 3 in double precision.
        warmupSteps = min(Int(warmup * Float(steps)), steps)
    }

    init(_ settings: TrainingSettings, steps: Int) {
        self.init(peak: settings.learningRate, shape: settings.schedule, warmup: settings.warmup, steps: steps)
    }

    /// - Parameter step: from 0. With a warm-up, the first rate is zero.
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
