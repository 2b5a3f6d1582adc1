import BERT
import Drift
import Foundation
import TestSupport
import Testing

@testable import AdapterRegistry

@Suite(.timeLimit(.minutes(1)))
struct LiveAdaptersTests {
    private let model: TinyModel
    private let store = InMemoryAdapterStore()
    private let live = LiveAdapters()

    init() throws { model = try TinyModel.shared.get() }

    /// Publishes and promotes an adapter of this seed.
    @discardableResult
    private func promote(_ task: String, seed: UInt64, labels: [String] = ["a", "b"]) async throws -> AdapterVersion {
        let adapter = try model.adapter(labels: labels, seed: seed)
        let version = try await store.publish(task: task, adapter: adapter, metrics: [:], parentDigest: nil)
        return try await store.promote(task: task, version: version.version)
    }

    private func refresh(_ tasks: [String: AdapterRequirements]) async throws -> AdapterRefresh {
        try await live.refresh(from: store, tasks: tasks, base: model.base)
    }

    @Test func refreshTakesUpWhatIsLive() async throws {
        let version = try await promote("role", seed: 1)
        #expect(
            try await refresh(["role": [], "section": []]) == AdapterRefresh(changed: ["role"], missing: ["section"]))
        #expect(live.snapshot.adapters["role"]?.version.digest == version.digest)
        #expect(live.snapshot.adapters["role"]?.adapter.digest == version.digest)
        #expect(live.snapshot.generation == 1)
    }

    @Test func refreshLoadsOnlyWhatIsNew() async throws {
        try await promote("role", seed: 1)
        _ = try await refresh(["role": []])
        #expect(try await refresh(["role": []]) == AdapterRefresh())
        #expect(store.loads == 1)
        #expect(live.snapshot.generation == 1)
    }

    @Test func anUnchangedRegistryIsNotReadAgain() async throws {
        try await promote("role", seed: 1)
        try await promote("color", seed: 2, labels: ["red", "blue"])
        let tasks: [String: AdapterRequirements] = ["role": [], "color": ["red", "green"], "section": []]
        var first = try await refresh(tasks)
        #expect(first.changed == ["role"] && first.missing == ["section"] && first.refused.keys.sorted() == ["color"])
        first.changed = []
        // The first refresh changed the live set.
        let reads = store.reads
        for _ in 1...3 { #expect(try await refresh(tasks) == first) }
        #expect(store.reads == reads)
        // Other requirements, another live set, another version: each has to be looked at.
        #expect(try await refresh(["role": []]) == AdapterRefresh())
        #expect(store.reads > reads)
        live.swap(task: "role", to: nil)
        #expect(try await refresh(["role": []]).changed == ["role"])
        try await promote("role", seed: 3)
        #expect(try await refresh(["role": []]).changed == ["role"])
    }

    @Test func anIncompleteRefreshIsRepeated() async throws {
        try await promote("role", seed: 1)
        store.loseShadows()
        #expect(try await refresh(["role": []]).changed == ["role"])
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await refresh(["role": []]) }
        store.loseShadows(false)
        #expect(try await refresh(["role": []]) == AdapterRefresh())
    }

    /// An import brings them back without a change of the version.
    @Test func anAdapterIsUsedOnceItsWeightsAreBack() async throws {
        try await promote("role", seed: 1)
        store.loseWeights()
        for _ in 1...2 { #expect(try await refresh(["role": []]).refused.keys.sorted() == ["role"]) }
        store.loseWeights(false)
        #expect(try await refresh(["role": []]) == AdapterRefresh(changed: ["role"]))
    }

    @Test func aSnapshotOutlivesASwap() async throws {
        let first = try await promote("role", seed: 1)
        _ = try await refresh(["role": []])
        let snapshot = live.snapshot
        let second = try await promote("role", seed: 2)
        #expect(try await refresh(["role": []]).changed == ["role"])
        #expect(snapshot.adapters["role"]?.version.digest == first.digest)
        #expect(live.snapshot.adapters["role"]?.version.digest == second.digest)
    }

    @Test func aRollbackIsTakenUpToo() async throws {
        let first = try await promote("role", seed: 1)
        try await promote("role", seed: 2)
        _ = try await refresh(["role": []])
        _ = try await store.rollback(task: "role")
        #expect(try await refresh(["role": []]).changed == ["role"])
        #expect(live.snapshot.adapters["role"]?.version.digest == first.digest)
    }

    @Test func otherLabelsAreRefusedAndTheOldAdapterStays() async throws {
        let first = try await promote("role", seed: 1, labels: ["a", "b"])
        _ = try await refresh(["role": ["b", "a"]])
        try await promote("role", seed: 2, labels: ["a", "c"])
        let report = try await refresh(["role": ["b", "a"]])
        #expect(report.changed.isEmpty)
        let reason = "labels differ: the adapter lacks b; the pipeline does not name c (rename, merge or retire it)"
        #expect(report.refused["role"] == reason)
        #expect(live.snapshot.adapters["role"]?.version.digest == first.digest)
    }

    @Test func theOldSetOfLabelsIsInUseUntilTheNewOneIsPromoted() async throws {
        let old = try await promote("role", seed: 1, labels: ["a", "b", "old"])
        let mapping = LabelMapping(targets: ["b": "c"], retired: ["old"])
        let form = AdapterRequirements(labels: ["a", "c", "new"], mapping: mapping)
        #expect(try await refresh(["role": form]) == AdapterRefresh(changed: ["role"]))
        let manifest = try #require(live.snapshot.adapters["role"]?.adapter.manifest)
        #expect(live.snapshot.adapters["role"]?.version.digest == old.digest)
        #expect(form.pending(manifest) == "it does not give new; it still gives b, old")
        #expect(form.missingLabels(manifest) == ["new"])
        let new = try await promote("role", seed: 2, labels: ["a", "c", "new"])
        #expect(try await refresh(["role": form]) == AdapterRefresh(changed: ["role"]))
        #expect(live.snapshot.adapters["role"]?.version.digest == new.digest)
        #expect(form.pending(try #require(live.snapshot.adapters["role"]?.adapter.manifest)) == nil)
    }

    @Test func anAdapterWithoutAnyLabelThatIsLeftIsRefused() async throws {
        try await promote("role", seed: 1, labels: ["x", "y"])
        let form = AdapterRequirements(labels: ["a", "b"], mapping: LabelMapping(retired: ["x", "y"]))
        #expect(
            try await refresh(["role": form]).refused["role"]
                == "labels differ: the pipeline retires every label of the adapter")
    }

    @Test func anAdapterOfAnotherBaseIsRefused() async throws {
        try await promote("role", seed: 1)
        let other = try TinyModel(seed: 2)
        let report = try await live.refresh(from: store, tasks: ["role": []], base: other.base)
        #expect(report.refused["role"]?.contains("another base") == true)
        #expect(live.snapshot.adapters.isEmpty)
    }

    // MARK: - Refusals are remembered

    @Test func aRefusedVersionIsLoadedAgainWhenTheTaskChanges() async throws {
        let version = try await promote("role", seed: 1, labels: ["a", "c"])
        for _ in 1...3 { #expect(try await refresh(["role": ["a", "b"]]).refused.keys.sorted() == ["role"]) }
        #expect(store.loads == 1)
        #expect(try await refresh(["role": ["a", "c"]]) == AdapterRefresh(changed: ["role"]))
        #expect(store.loads == 2 && live.snapshot.adapters["role"]?.version.digest == version.digest)
    }

    @Test func aDamagedVersionIsLoadedAgainAfterAReload() async throws {
        let version = try await promote("role", seed: 1)
        store.damage(digest: version.digest)
        for _ in 1...3 { #expect(try await refresh(["role": []]).refused.keys.sorted() == ["role"]) }
        #expect(store.loads == 1)
        live.forgetRefusals()
        #expect(try await refresh(["role": []]).refused.keys.sorted() == ["role"])
        #expect(store.loads == 2)
    }

    @Test func anotherVersionIsLoadedAtOnce() async throws {
        let damaged = try await promote("role", seed: 1)
        store.damage(digest: damaged.digest)
        _ = try await refresh(["role": []])
        let good = try await promote("role", seed: 2)
        #expect(try await refresh(["role": []]) == AdapterRefresh(changed: ["role"]))
        #expect(live.snapshot.adapters["role"]?.version.digest == good.digest)
        _ = try await store.rollback(task: "role")
        #expect(try await refresh(["role": []]).refused.keys.sorted() == ["role"])
        #expect(store.loads == 2, "the damaged one is known")
    }

    @Test func anOutageIsNoRefusal() async throws {
        try await promote("role", seed: 1)
        store.goAway()
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await refresh(["role": []]) }
        store.goAway(false)
        #expect(try await refresh(["role": []]) == AdapterRefresh(changed: ["role"]))
    }

    @Test(arguments: [
        (DamagedAdapter(digest: "d", reason: "r") as any Error, true), (AdapterStoreError.pruned(digest: "d"), false),
        (AdapterStoreError.unknownDigest("d"), false), (InMemoryAdapterStore.StoreIsAway(), false),
    ]) func onlyDamageLasts(error: any Error, isLasting: Bool) {
        #expect(AdapterRefusal(loading: error).isLasting == isLasting)
    }

    @Test func nothingChangesWhileTheStoreIsAway() async throws {
        let version = try await promote("role", seed: 1)
        _ = try await refresh(["role": []])
        store.goAway()
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await refresh(["role": []]) }
        #expect(live.snapshot.adapters["role"]?.version.digest == version.digest)
    }

    @Test func aSlowReaderDoesNotUndoAFasterOne() async throws {
        let adapter = try model.adapter(labels: ["a", "b"], seed: 1)
        func entry(_ version: Int) -> LiveAdapter {
            LiveAdapter(
                adapter: adapter,
                version: AdapterVersion(
                    task: "role", version: version, digest: adapter.digest, baseDigest: "", state: .live,
                    createdAt: Date(timeIntervalSince1970: 0)))
        }
        let (slow, fast) = (live.takeTicket(), live.takeTicket())
        #expect(live.install([("role", entry(2))], ticket: fast) == ["role"])
        #expect(live.install([("role", entry(1))], ticket: slow) == [])
        #expect(live.snapshot.adapters["role"]?.version.version == 2)
    }

    @Test(arguments: [
        ("\"texts\":300", "\"texts\":-1", DriftReferenceError.unreadable),
        ("\"texts\":300", "\"texts\":199", .tooFewTexts(199)),
    ])
    func aDamagedDriftReferenceIsNamedOnceAndReplaced(
        part: String, damaged: String, error: DriftReferenceError
    ) async throws {
        let version = try await promote("role", seed: 1)
        let adapter = try model.adapter(labels: ["a", "b"], seed: 1)
        let good = try #require(model.driftReference(of: adapter))
        let json = String(decoding: good.json, as: UTF8.self)
        #expect(json.contains(part))
        store.setDriftReference(Array(json.replacing(part, with: damaged).utf8), digest: version.digest)
        #expect(try await refresh(["role": []]).unusableReferences == ["role": error])
        #expect(try await refresh(["role": []]).unusableReferences.isEmpty, "it is named once")
        let taken = try #require(live.snapshot.adapters["role"])
        let digest = try #require(taken.damagedReference)
        try await store.store(good)
        #expect(try await store.driftReference(digest: version.digest) != good.json, "a reference is kept")
        try await store.store(good, replacing: digest)
        #expect(try await store.driftReference(digest: version.digest) == good.json)
    }

    @Test func theDriftReferenceOfANewerProgramIsNotReplaced() async throws {
        let version = try await promote("role", seed: 1)
        let good = try #require(model.driftReference(of: try model.adapter(labels: ["a", "b"], seed: 1)))
        let newer = String(decoding: good.json, as: UTF8.self).replacing("\"version\":1", with: "\"version\":2")
        store.setDriftReference(Array(newer.utf8), digest: version.digest)
        #expect(try await refresh(["role": []]).unusableReferences == ["role": .unknownVersion(2)])
        let taken = try #require(live.snapshot.adapters["role"])
        #expect(taken.damagedReference == nil && taken.drift.spread == nil)
    }

    @Test func theFirstAdapterBringsItsDriftReference() async throws {
        let adapter = try model.adapter(labels: ["a", "b"], seed: 3)
        let reference = try #require(model.driftReference(of: adapter))
        _ = try await store.ensureLive(task: "role", first: adapter, reference: reference)
        #expect(try await refresh(["role": []]).unusableReferences.isEmpty)
        let taken = try #require(live.snapshot.adapters["role"])
        #expect(taken.drift.spread == reference.spread && taken.damagedReference == nil)
    }

    @Test func waitersComeThroughOnceAllTasksAreLive() async throws {
        let waiter = Task { await live.waitUntilLive(tasks: ["role", "section"]) }
        try await promote("role", seed: 1)
        _ = try await refresh(["role": []])
        try await promote("section", seed: 2)
        _ = try await refresh(["section": []])
        #expect(await waiter.value)
        #expect(await live.waitUntilLive(tasks: ["role"]))
    }

    @Test func aCancelledWaiterComesBackEmptyHanded() async {
        let waiter = Task { await live.waitUntilLive(tasks: ["role"]) }
        waiter.cancel()
        #expect(await waiter.value == false)
    }

    // MARK: - A finer base

    @Test func anotherBaseKeepsWhatIsKnownOfTheTexts() async throws {
        let int8 = try TinyModel(precision: BasePrecision(.int8)).base
        let tasks: [String: AdapterRequirements] = ["role": [], "color": []]
        try await promote("role", seed: 1)
        try await promote("color", seed: 2)
        _ = try await live.refresh(from: store, tasks: tasks, base: int8)
        let before = live.snapshot
        try live.rebase(onto: model.base)
        let after = live.snapshot
        #expect(live.isOver(model.base) && after.generation == before.generation + 1)
        for (task, adapter) in after.adapters {
            #expect(adapter.adapter.base === model.base && before.adapters[task]?.adapter.base === int8)
            #expect(adapter.version == before.adapters[task]?.version)
            #expect(adapter.drift === before.adapters[task]?.drift)
        }
        try live.rebase(onto: int8)
        #expect(live.isOver(model.base), "it never becomes coarser")
        // A refresh may have begun before: what it has loaded is loaded again.
        try await promote("role", seed: 3)
        let late = try await live.refresh(from: store, tasks: tasks, base: int8)
        #expect(late.changed.isEmpty)
        let next = try await refresh(tasks)
        #expect(next.changed == ["role"] && live.snapshot.adapters["role"]?.adapter.base === model.base)
    }

    private struct Unreadable: Error, CustomStringConvertible {
        let description = "the folder is gone"
    }

    @Test func aVersionThatNeedsAFinerBaseWaitsForIt() async throws {
        let int8 = try TinyModel(precision: BasePrecision(.int8)).base
        let tasks: [String: AdapterRequirements] = ["role": [], "color": []]
        try await promote("color", seed: 2)
        let version = try await promote("role", seed: 1)
        try await store.accept(task: "role", version: version.version, over: .float32)
        let without = try await live.refresh(from: store, tasks: tasks, base: int8) { _ in throw Unreadable() }
        #expect(without.changed == ["color"] && without.refused == ["role": "the folder is gone"])
        let (all, float32) = (live, model.base)
        let with = try await live.refresh(from: store, tasks: tasks, base: int8) { _ in
            try all.rebase(onto: float32)
            return float32
        }
        #expect(with.changed == ["role"] && with.refused.isEmpty)
        let adapters = live.snapshot.adapters
        #expect(adapters.count == 2 && adapters.values.allSatisfy { $0.adapter.base === float32 })
    }
}
