import BERT
import Reports

/// Where the time of a benchmark went: one row per stage. Together they are the wall time of all workers.
public struct ProfileTable {
    let profile: StageProfile
    /// Wall time.
    let seconds: Double
    let workers: Int

    /// Prints the table on standard output.
    public func print() throws {
        var table = TextTable(.left("stage"), .right("seconds"), .right("share"), .right("GF/s"))
        for stage in StageProfile.Stage.allCases where profile.seconds(stage) > 0 {
            let seconds = profile.seconds(stage)
            let rate = profile.operations(stage) / seconds / 1e9
            table.add(
                Self.name(stage), Figure.decimal(seconds, 3), Figure.percent(seconds / profile.total),
                rate > 0 ? Figure.decimal(rate, 1) : "")
        }
        table.add(
            "all, of \(workers) × \(Figure.decimal(seconds, 3)) s", Figure.decimal(profile.total, 3),
            Figure.percent(profile.total / (seconds * Double(workers))), "")
        try table.print()
    }

    private static func name(_ stage: StageProfile.Stage) -> String {
        switch stage {
        case .tokenize: "tokenize"
        case .plan: "order by adapter"
        case .embed: "embed and norm"
        case .queryKeyValue: "product: query, key, value"
        case .lora: "adapters"
        case .attention: "attention with softmax"
        case .attentionOutput: "product: attention output"
        case .layerNorm: "layer norm"
        case .intermediate: "product: intermediate"
        case .activation: "activation"
        case .output: "product: output"
        case .fork: "fork"
        case .heads: "heads"
        case .results: "results"
        case .waiting: "waiting"
        }
    }
}
