/// The time of inference by stage.
public struct StageProfile: Sendable, Equatable {
    /// The stages of a batch in order.
    public enum Stage: Int, CaseIterable, Sendable {
        case tokenize, plan, embed, queryKeyValue, lora, attention, attentionOutput, layerNorm, intermediate,
            activation, output
        case fork, heads, results, waiting
    }

    private var seconds = [Double](repeating: 0, count: Stage.allCases.count)
    private var operations = [Double](repeating: 0, count: Stage.allCases.count)

    /// A profile without time.
    public init() {}

    /// Seconds of one worker.
    public func seconds(_ stage: Stage) -> Double { seconds[stage.rawValue] }

    /// Floating-point operations of a stage that is a matrix product; 0 for others.
    public func operations(_ stage: Stage) -> Double { operations[stage.rawValue] }

    /// Seconds of all stages.
    public var total: Double { seconds.reduce(0, +) }

    /// Adds time, and floating-point operations, to a stage.
    public mutating func add(_ stage: Stage, seconds: Double, operations: Double = 0) {
        self.seconds[stage.rawValue] += seconds
        self.operations[stage.rawValue] += operations
    }

    /// The sum over workers.
    public static func + (a: StageProfile, b: StageProfile) -> StageProfile {
        var sum = a
        for stage in Stage.allCases { sum.add(stage, seconds: b.seconds(stage), operations: b.operations(stage)) }
        return sum
    }
}

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
