import AdapterRegistry
import BERT
import Foundation
import Testing

@testable import Operations

struct AdapterDifferenceTests {
    private func version(
        _ number: Int, metrics: [String: Double] = [:], range: TrainingRowRange? = nil
    ) -> AdapterVersion {
        var version = AdapterVersion(
            task: "t", version: number, digest: String(repeating: "\(number)", count: 64), baseDigest: "base",
            state: .retired, metrics: metrics, createdAt: Date(timeIntervalSince1970: 0))
        version.trainingRange = range
        return version
    }

    @Test func onlyWhatDiffersIsNamed() {
        let first = AdapterManifest(labels: ["a", "b"], configuration: LoRAConfiguration(rank: 8))
        let second = AdapterManifest(labels: ["b", "c"], configuration: LoRAConfiguration(rank: 16, layers: [3]))
        let difference = AdapterDifference(
            first: version(1, metrics: ["accuracy": 0.5, "loss": 1]), first,
            second: version(
                2, metrics: ["accuracy": 0.75, "loss": 1, "macro_f1": 0.5],
                range: TrainingRowRange(rows: 7, digest: "abc")), second)
        #expect(difference.addedLabels == ["c"] && difference.removedLabels == ["a"])
        let facts = difference.facts.map { "\($0.name): \($0.first ?? "–") → \($0.second ?? "–")" }
        #expect(
            facts == [
                "digest: 111111111111 → 222222222222", "rank: 8 → 16", "layers: all → 3", "training rows: – → 7",
                "rows digest: – → abc", "accuracy: 0.5000 → 0.7500", "macro_f1: – → 0.5000",
            ])
    }

    @Test func aVersionDoesNotDifferFromItself() {
        let manifest = AdapterManifest(labels: ["a"], configuration: LoRAConfiguration())
        let difference = AdapterDifference(first: version(1), manifest, second: version(1), manifest)
        #expect(difference.facts.isEmpty && difference.addedLabels.isEmpty && difference.removedLabels.isEmpty)
    }
}
