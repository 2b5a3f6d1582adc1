/// Counts all time to stages, so that they add up to the time that passed.
struct StageClock {
    private(set) var profile: StageProfile
    private var last = ContinuousClock.now

    init(_ profile: StageProfile) { self.profile = profile }

    /// Counts the time since the last lap to this stage.
    ///
    /// - Parameter product: the size of the matrix product in it.
    mutating func lap(_ stage: StageProfile.Stage, product: (rows: Int, outputs: Int, inputs: Int) = (0, 0, 0)) {
        let now = ContinuousClock.now
        let (seconds, attoseconds) = (now - last).components
        profile.add(
            stage, seconds: Double(seconds) + Double(attoseconds) * 1e-18,
            operations: 2 * Double(product.rows) * Double(product.outputs) * Double(product.inputs))
        last = now
    }
}
