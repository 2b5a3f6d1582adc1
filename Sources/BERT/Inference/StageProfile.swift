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
