import BERT
import Foundation
import Reports

/// Where the time of a benchmark went: a row a stage, which together are the wall time of all workers.
public struct ProfileTable {
    let profile: StageProfile
    let wall: Double
    let workers: Int

    public init(profile: StageProfile, wall: Double, workers: Int) {
        self.profile = profile
        self.wall = wall
        self.workers = workers
    }

    public func print() throws {
        var table = TextTable(.left("stage"), .right("seconds"), .right("share"), .right("GF/s"))
        for stage in StageProfile.Stage.allCases where profile.seconds(stage) > 0 {
            let seconds = profile.seconds(stage)
            let rate = profile.operations(stage) / seconds / 1e9
            table.add(
                Self.name(stage), String(format: "%.3f", seconds),
                String(format: "%.1f %%", 100 * seconds / profile.total),
                rate > 0 ? String(format: "%.1f", rate) : "")
        }
        table.add(
            "all, of \(workers) × \(String(format: "%.3f", wall)) s", String(format: "%.3f", profile.total),
            String(format: "%.1f %%", 100 * profile.total / (wall * Double(workers))), "")
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
