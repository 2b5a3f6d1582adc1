import AdapterRegistry
import BERT
import Foundation
import Serving
import TestSupport
import Testing

/// A challenger in shadow labels the same texts in the same batches, and its labels go elsewhere.
@Suite(.timeLimit(.minutes(2)))
struct ShadowTests {
    /// Puts a challenger in shadow beside the live adapter of a task.
    private func startShadow(
        _ task: String = "role", in harness: ServingHarness, _ adapter: Adapter? = nil
    ) throws -> ShadowAdapter {
        let live = try #require(harness.live.snapshot.adapters[task])
        let adapter = try adapter ?? harness.model.adapter(labels: ["a", "b"], seed: 77)
        let version = AdapterVersion(
            task: task, version: 2, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .shadow,
            createdAt: Date(timeIntervalSince1970: 0))
        let shadow = ShadowAdapter(adapter: adapter, version: version, champion: live.adapter.labels)
        harness.live.swap(task: task, to: live.with(shadow: shadow))
        return shadow
    }

    private func shadows(_ harness: ServingHarness) -> [ShadowLabel] {
        harness.sink.state.value.transactions.flatMap { $0 }.flatMap { outcome -> [ShadowLabel] in
            if case .labelled(let message) = outcome { message.shadows } else { [] }
        }
    }

    /// The labels of 200 texts by two tasks, the first of them with a challenger or without.
    private func labels(_ prepare: (ServingHarness) throws -> Void) async throws -> ServingHarness {
        let harness = try ServingHarness(
            tasks: [TaskDefinition(name: "role"), TaskDefinition(name: "section")], workers: 1)
        try prepare(harness)
        harness.source.produce(texts: ServingHarness.texts(200))
        try await harness.whileRunning { await harness.sink.waitForMessages(200) }
        #expect(harness.sink.state.value.rejected.isEmpty)
        return harness
    }

    @Test func everyTextHasBothLabels() async throws {
        let monitor = ShadowMonitor()
        let harness = try await labels { harness in
            let shadow = try startShadow(in: harness)
            #expect(shadow.monitor.comparison == monitor.comparison)
        }
        let live = try #require(harness.live.snapshot.adapters["role"])
        let shadow = try #require(live.shadow)
        let state = harness.sink.state.value
        #expect(state.labels.count == 400)
        let digests = Set(state.labels.values.map(\.adapterDigest))
        #expect(!digests.contains(shadow.adapter.digest), "its labels are not those of the texts")
        let labels = shadows(harness)
        #expect(labels.count == 200)
        #expect(Set(labels.map(\.label.task)) == ["role"])
        #expect(Set(labels.map(\.label.adapterDigest)) == [shadow.adapter.digest])
        #expect(Set(labels.map(\.championDigest)) == [live.adapter.digest])
        let comparison = shadow.monitor.comparison
        #expect(comparison.texts == 200 && comparison.changed == labels.count { $0.change == .changed })
        #expect(comparison.changed > 0 && comparison.changed < 200 && comparison.expected == 0)
        for case .labelled(let message) in state.transactions.flatMap({ $0 }) {
            let (label, shadow) = (try #require(message.labels.first), try #require(message.shadows.first))
            #expect((label.label == shadow.label.label) == (shadow.change == .none))
            #expect(shadow.championScore == label.score)
        }
    }

    @Test func theChampionsLabelsAreTheSameWithoutIt() async throws {
        let (with, without) = (
            try await labels { _ = try startShadow(in: $0) }.sink.state.value.labels,
            try await labels { _ in }.sink.state.value.labels
        )
        #expect(with.count == without.count)
        for (key, label) in with {
            let other = try #require(without[key])
            #expect(label.label == other.label && label.adapterDigest == other.adapterDigest)
            #expect(abs(label.score - other.score) < 1e-5)
        }
    }

    @Test func itAbstainsByTheRuleOfTheTask() async throws {
        let harness = try ServingHarness(tasks: [TaskDefinition(name: "role", abstention: .below(1.1))])
        _ = try startShadow(in: harness)
        harness.source.produce(texts: ["any"])
        try await harness.whileRunning { await harness.sink.waitForMessages(1) }
        let shadow = try #require(shadows(harness).first)
        #expect(shadow.label.abstained && shadow.label.label == nil && shadow.change == .none)
    }

    @Test func oneThatOverflowsIsLeftOutAndEveryTextIsLabelled() async throws {
        let harness = try ServingHarness()
        let broken = try TrainableAdapter(
            base: harness.model.base, configuration: LoRAConfiguration(rank: 4, alpha: 8), labels: ["a", "b"], seed: 3)
        for index in broken.values.indices { broken.values[index] = 1e38 }
        let shadow = try startShadow(in: harness, try broken.frozen(task: nil))
        harness.source.produce(texts: ServingHarness.texts(100))
        try await harness.whileRunning { await harness.sink.waitForMessages(100) }
        #expect(harness.sink.state.value.labels.count == 100 && harness.sink.state.value.rejected.isEmpty)
        #expect(shadows(harness).isEmpty && shadow.monitor.comparison.texts == 0)
        #expect(shadow.monitor.failure == "the scores of task role are NaN or infinite")
    }

    @Test func oneThatFailedLabelsNoMore() async throws {
        let harness = try ServingHarness()
        let shadow = try startShadow(in: harness)
        shadow.monitor.fail("a test wants it")
        harness.source.produce(texts: ServingHarness.texts(20))
        try await harness.whileRunning { await harness.sink.waitForMessages(20) }
        #expect(harness.sink.state.value.labels.count == 20 && shadows(harness).isEmpty)
    }
}
