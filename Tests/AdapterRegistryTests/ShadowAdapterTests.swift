import BERT
import TestSupport
import Testing

@testable import AdapterRegistry

/// Challengers that label beside the live adapter.
@Suite(.timeLimit(.minutes(1)))
struct ShadowAdapterTests {
    private let model: TinyModel
    private let store = InMemoryAdapterStore()
    private let live = LiveAdapters()

    init() throws { model = try TinyModel.shared.get() }

    private func publish(seed: UInt64, labels: [String] = ["a", "b"]) async throws -> AdapterVersion {
        let adapter = try model.adapter(labels: labels, seed: seed)
        return try await store.publish(task: "role", adapter: adapter, metrics: [:], parentDigest: nil)
    }

    /// Version 1 is live; version 2 is in shadow beside it, or beside another champion.
    @discardableResult
    private func startShadow(labels: [String] = ["a", "b"], beside champion: String? = nil) async throws
        -> AdapterVersion
    {
        let first = try await publish(seed: 1)
        _ = try await store.promote(task: "role", version: 1)
        let second = try await publish(seed: 2, labels: labels)
        return try await startShadow(second, beside: champion ?? first.digest)
    }

    private func startShadow(_ version: AdapterVersion, beside champion: String) async throws -> AdapterVersion {
        let terms = ShadowTerms(
            retraining: 1, champion: champion, seconds: 60, changedLabels: 0.1, minimumTexts: 5)
        return try await store.startShadow(task: "role", version: version.version, terms)
    }

    private func refresh(_ form: AdapterRequirements = []) async throws -> AdapterRefresh {
        try await live.refresh(from: store, tasks: ["role": form], base: model.base)
    }

    private var current: LiveAdapter? { live.snapshot.adapters["role"] }

    @Test func refreshLoadsAChallengerBesideTheChampion() async throws {
        let version = try await startShadow()
        #expect(try await refresh() == AdapterRefresh(changed: ["role"]))
        #expect(current?.version.version == 1 && current?.shadow?.version == version)
        #expect(current?.shadow?.adapter.digest == version.digest)
        let monitor = try #require(current?.shadow?.monitor)
        monitor.record(.none, championScore: 1, challengerScore: 1)
        let loads = store.loads
        #expect(try await refresh() == AdapterRefresh())
        #expect(store.loads == loads && current?.shadow?.monitor === monitor)
    }

    @Test func theChampionKeepsItsDriftMonitor() async throws {
        _ = try await publish(seed: 1)
        let first = try await store.promote(task: "role", version: 1)
        _ = try await refresh()
        let drift = try #require(current?.drift)
        _ = try await startShadow(try await publish(seed: 2), beside: first.digest)
        #expect(try await refresh() == AdapterRefresh())
        #expect(current?.shadow != nil && current?.drift === drift)
    }

    @Test func aPromotionPutsTheChallengerInTheChampionsPlace() async throws {
        let version = try await startShadow()
        _ = try await refresh()
        _ = try await store.promote(task: "role", version: 2)
        #expect(try await refresh().changed == ["role"])
        #expect(current?.adapter.digest == version.digest && current?.shadow == nil)
    }

    @Test func aShadowThatEndsLeavesTheChampionAlone() async throws {
        try await startShadow()
        _ = try await refresh()
        let snapshot = live.snapshot
        try await store.endShadow(task: "role", version: 2)
        #expect(try await refresh() == AdapterRefresh())
        #expect(current?.version.version == 1 && current?.shadow == nil)
        #expect(snapshot.adapters["role"]?.shadow != nil, "a batch keeps its snapshot")
    }

    @Test func aNewerChallengerReplacesTheOlder() async throws {
        let first = try await startShadow()
        _ = try await refresh()
        let third = try await startShadow(
            try await publish(seed: 3), beside: try #require(first.shadow?.terms.champion))
        _ = try await refresh()
        #expect(current?.shadow?.version == third)
        #expect(current?.shadow?.monitor.comparison == ShadowComparison())
    }

    @Test func itLabelsBesideNoOtherChampion() async throws {
        try await startShadow(beside: "another")
        #expect(try await refresh() == AdapterRefresh(changed: ["role"]))
        #expect(current?.shadow == nil)
    }

    // MARK: - Failures

    @Test func aDamagedChallengerIsRefusedAndTheChampionStays() async throws {
        let version = try await startShadow()
        store.damage(digest: version.digest)
        let report = try await refresh()
        #expect(report.changed == ["role"] && report.refused.isEmpty)
        #expect(report.refusedShadows["role"]?.version == 2 && report.refusedShadows["role"]?.othersUntil == nil)
        #expect(current?.version.version == 1 && current?.shadow == nil)
        let loads = store.loads
        #expect(try await refresh().refusedShadows == report.refusedShadows)
        #expect(store.loads == loads, "it was tried")
    }

    @Test func aChallengerWithOtherLabelsIsRefused() async throws {
        let version = try await startShadow(labels: ["a", "c"])
        let report = try await refresh(["a", "b"])
        let refused = try #require(report.refusedShadows["role"])
        #expect(refused.reason.contains("labels differ"))
        #expect(refused.othersUntil == version.shadow?.earliestEnd, "another daemon may have another pipeline file")
        #expect(current?.version.version == 1 && current?.shadow == nil)
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description = "the folder is gone"
    }

    /// Or nothing would end its shadow, and the task would not be retrained.
    @Test func aChallengerThatWaitsForAFinerBaseIsNamed() async throws {
        let int8 = try TinyModel(precision: BasePrecision(.int8)).base
        let version = try await startShadow()
        try await store.accept(task: "role", version: 2, over: .float32)
        let tasks: [String: AdapterRequirements] = ["role": []]
        let report = try await live.refresh(from: store, tasks: tasks, base: int8) { _ in throw Unreadable() }
        #expect(report.changed == ["role"] && current?.shadow == nil)
        let refused = try #require(report.refusedShadows["role"])
        #expect(refused.version == 2 && refused.reason == "the folder is gone")
        #expect(refused.othersUntil == version.shadow?.earliestEnd, "another daemon may read it")
        let (live, float32) = (live, model.base)
        let later = try await live.refresh(from: store, tasks: tasks, base: int8) { _ in
            try live.rebase(onto: float32)
            return float32
        }
        #expect(later.refusedShadows.isEmpty && current?.shadow?.adapter.base === float32)
    }

    /// Or the log would not say that the champion is in use.
    @Test func anOutageAfterASwapDoesNotHideTheSwap() async throws {
        try await startShadow()
        store.loseShadows()
        #expect(try await refresh() == AdapterRefresh(changed: ["role"]))
        #expect(current?.version.version == 1 && current?.shadow == nil)
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await refresh() }
        store.loseShadows(false)
        #expect(try await refresh() == AdapterRefresh())
        #expect(current?.shadow?.version.version == 2)
    }

    @Test func anOutageChangesNothing() async throws {
        try await startShadow()
        _ = try await refresh()
        store.goAway()
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await refresh() }
        #expect(current?.shadow?.version.version == 2)
    }

    @Test func theFirstFailureStays() {
        let monitor = ShadowMonitor()
        #expect(monitor.failure == nil)
        monitor.fail("the scores are NaN")
        monitor.fail("something else")
        #expect(monitor.failure == "the scores are NaN")
    }

    // MARK: - Comparing

    @Test func whatChangesIsCounted() {
        let monitor = ShadowMonitor()
        #expect(monitor.comparison.agreement == nil && monitor.comparison.changedShare == 0)
        for change in [ShadowChange.none, .none, .changed, .expected] {
            monitor.record(change, championScore: 0.5, challengerScore: 0.75)
        }
        let comparison = monitor.comparison
        #expect(comparison.texts == 4 && comparison.changed == 1 && comparison.expected == 1)
        #expect(comparison.agreement == 0.5)
        #expect(comparison.compared == 3 && comparison.changedShare == 1.0 / 3)
        #expect(comparison.championConfidence == 0.5 && comparison.challengerConfidence == 0.75)
    }

    /// Renamed: old to new. Merged: b into a. Retired: gone. New: fresh.
    @Test(
        arguments: [
            (["a"], ["a"], .none), (["a"], ["c"], .changed), (["old"], ["new"], .none), (["b"], ["a"], .none),
            (["b"], ["c"], .changed), (["gone"], ["a"], .expected), (["a"], ["fresh"], .expected), (nil, nil, .none),
            (nil, ["a"], .changed), (["a"], nil, .changed), (nil, ["fresh"], .expected), ([], [], .none),
            (["a", "c"], ["c", "a"], .none), (["a", "c"], ["a"], .changed), (["a", "gone"], ["a"], .expected),
        ] as [([String]?, [String]?, ShadowChange)])
    func aChangeIsJudgedByTheLabelsOfTheTask(_ champion: [String]?, _ challenger: [String]?, _ change: ShadowChange)
        async throws
    {
        let adapter = try model.adapter(labels: ["a", "c", "new", "fresh"], seed: 2)
        let shadow = ShadowAdapter(
            adapter: adapter, version: try await startShadow(), champion: ["a", "b", "c", "old", "gone"],
            mapping: LabelMapping(targets: ["old": "new", "b": "a"], retired: ["gone"]))
        #expect(shadow.change(from: champion, to: challenger) == change)
    }

    @Test func termsAreReadAsTheyAreWritten() {
        let terms = ShadowTerms(
            retraining: 12, champion: "c0ffee", seconds: 86400.5, changedLabels: 0.1, minimumTexts: 200,
            awaitsApproval: true, timeLimit: 604_800.25)
        #expect(ShadowTerms(json: terms.json) == terms)
        var older = terms
        older.timeLimit = nil
        #expect(ShadowTerms(json: older.json) == older && !older.json.contains("time_limit"))
        #expect(ShadowTerms(json: "{}") == nil && ShadowTerms(json: "no object") == nil)
    }
}
