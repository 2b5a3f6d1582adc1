/// The rate of each step: up from zero in a straight line, then down to zero in another.
struct LearningRateSchedule {
    let peak: Float
    let warmupSteps: Int
    let steps: Int

    init(peak: Float, warmup: Float, steps: Int) {
        self.peak = peak
        self.steps = steps
        warmupSteps = Int(Double(warmup) * Double(steps))
    }

    /// - Parameter step: from 0; the very first rate is zero where there is a warm-up.
    func rate(at step: Int) -> Float {
        if step < warmupSteps { return peak * Float(step) / Float(warmupSteps) }
        return peak * Float(max(steps - step, 0)) / Float(max(steps - warmupSteps, 1))
    }
}
