import AdapterRegistry
import Foundation
import Retraining
import TestSupport
import Testing
import Threading

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct ShadowWatchTests {
    private let model: TinyModel
    private let store = InMemoryAdapterStore()
    private let source = InMemoryLabelledRowSource()
    private let labels = InMemoryShadowLabels()
    private let live = LiveAdapters()
    private let log = CapturedLog()
    private let clock = ManualClock()

    init() throws { model = try TinyModel.shared.get() }

    /// - Parameter date: in milliseconds; by default long after every shadow.
    private func watch(date: @escaping @Sendable () -> Int64 = { .max }) -> ShadowWatch {
        ShadowWatch(
            conclusion: ShadowConclusion(store: store, journal: source, labels: labels), logger: log.logger,
            clock: Clock(now: clock.clock.now, sleep: clock.clock.sleep, date: date))
    }

    /// Version 2 of `role` in shadow for an hour and five texts, beside version 1.
    private func startShadow() async throws -> AdapterVersion {
        for seed in 1...2 as ClosedRange<UInt64> {
            let adapter = try model.adapter(labels: ["a", "b"], seed: seed)
            _ = try await store.publish(task: "role", adapter: adapter, metrics: [:], parentDigest: nil)
        }
        let champion = try await store.promote(task: "role", version: 1)
        let terms = ShadowTerms(
            retraining: 1, champion: champion.digest, seconds: 3600, changedLabels: 0.1, minimumTexts: 5)
        return try await store.startShadow(task: "role", version: 2, terms)
    }

    @discardableResult
    private func refresh() async throws -> AdapterRefresh {
        try await live.refresh(from: store, tasks: ["role": []], base: model.base)
    }

    private func state() async throws -> AdapterState { try await store.versions(task: "role")[1].state }

    private func untilLogged(_ message: String) async {
        await log.lines.wait { $0.contains { $0.message == message } }
    }

    @Test func beginAndEndAreLoggedOnce() async throws {
        let version = try await startShadow()
        labels.label(10, after: 3600)
        try await refresh()
        let watch = watch()
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        await watch.look(at: live.snapshot)
        let begun = log.lines("challenger labels beside the champion", ["task": "role", "version": "2"])
        #expect(begun.count == 1 && begun[0].metadata["digest"] == "\(version.digest.prefix(12))")
        let ended = log.lines("shadow ended", ["task": "role", "version": "2", "verdict": "promoted"])
        #expect(ended.count == 1 && ended[0].metadata["reason"]?.contains("0 of 10 labels change") == true)
        #expect(try await state() == .live)
        try await refresh()
        await watch.look(at: live.snapshot)
        #expect(log.lines("challenger no longer labels beside the champion").count == 1)
        #expect(source.records.map(\.verdict) == [.promoted])
        await watch.stop()
    }

    @Test func itIsNotEndedBeforeItsTime() async throws {
        let since = try #require(try await startShadow().shadow?.since)
        labels.label(10, after: 3600)
        try await refresh()
        let date = Watched(Int64(since.timeIntervalSince1970 * 1000) + 3_599_000)
        let watch = watch { date.value }
        await watch.look(at: live.snapshot)
        #expect(try await state() == .shadow)
        date.update { $0 += 1000 }
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        #expect(try await state() == .live && source.records.count == 1)
    }

    /// By the date alone, the shadow would last a day longer, and no retraining could begin meanwhile.
    @Test func aClockThatIsSetBackDelaysNoEnd() async throws {
        let since = try #require(try await startShadow().shadow?.since)
        labels.label(10, after: 3600)
        try await refresh()
        let date = Watched(Int64(since.timeIntervalSince1970 * 1000))
        let watch = watch { date.value }
        await watch.look(at: live.snapshot)
        date.update { $0 -= 86_400_000 }
        clock.advance(by: .seconds(3599))
        await watch.look(at: live.snapshot)
        #expect(try await state() == .shadow)
        clock.advance(by: .seconds(2))
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        #expect(try await state() == .live)
    }

    /// A daemon that starts after that does not know how long the shadow has lasted, but how long it lasts in all.
    @Test func aShadowLastsNoLongerThanItsTime() async throws {
        let since = try #require(try await startShadow().shadow?.since)
        labels.label(10, after: 3600)
        try await refresh()
        let date = Int64(since.timeIntervalSince1970 * 1000) - 86_400_000
        let watch = watch { date }
        await watch.look(at: live.snapshot)
        #expect(try await state() == .shadow)
        clock.advance(by: .seconds(3601))
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        #expect(try await state() == .live)
    }

    @Test func aPausedTaskKeepsItsShadow() async throws {
        _ = try await startShadow()
        labels.label(10, after: 3600)
        try await refresh()
        let watch = watch()
        await watch.look(at: live.snapshot, paused: ["role"])
        #expect(try await state() == .shadow)
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        #expect(source.records.count == 1)
    }

    @Test func oneThatFailsIsEndedWhateverItsTime() async throws {
        let since = try #require(try await startShadow().shadow?.since)
        try await refresh()
        let watch = watch { Int64(since.timeIntervalSince1970 * 1000) }
        await watch.look(at: live.snapshot)
        #expect(log.lines("challenger in shadow cannot label, ending its shadow").isEmpty)
        live.snapshot.adapters["role"]?.shadow?.monitor.fail("the scores of task role are NaN or infinite")
        await watch.look(at: live.snapshot, paused: ["role"])
        await untilLogged("shadow ended")
        await watch.look(at: live.snapshot)
        let failures = log.lines("challenger in shadow cannot label, ending its shadow", ["version": "2"])
        #expect(failures.count == 1 && failures[0].level == .error)
        #expect(failures[0].metadata["reason"] == "the scores of task role are NaN or infinite")
        #expect(try await state() == .rejected)
        #expect(try await store.live(tasks: ["role"]).map(\.version) == [1])
    }

    @Test func oneThatCannotBeLoadedIsEnded() async throws {
        let version = try await startShadow()
        store.damage(digest: version.digest)
        let refused = try await refresh().refusedShadows
        let watch = watch()
        await watch.look(at: live.snapshot, refused: refused)
        await untilLogged("shadow ended")
        #expect(try await state() == .rejected)
        #expect(source.records.last?.reason?.hasPrefix("the shadow of version 2 was ended: ") == true)
    }

    /// Two daemons have different pipeline files while one of them is upgraded.
    @Test func oneThatOnlyDoesNotFitHereGoesOnElsewhere() async throws {
        let since = try #require(try await startShadow().shadow?.since)
        let unfit = AdapterRefresh.RefusedShadow(
            version: 2, reason: "labels differ", othersUntil: since.addingTimeInterval(3600))
        let date = Watched(Int64(since.timeIntervalSince1970 * 1000) + 3_599_000)
        let watch = watch { date.value }
        for _ in 1...2 { await watch.look(at: live.snapshot, refused: ["role": unfit]) }
        #expect(try await state() == .shadow && source.records.isEmpty)
        let lines = log.lines("challenger in shadow cannot label in this daemon", ["version": "2"])
        #expect(lines.count == 1 && lines[0].level == .warning)
        // It would stay in shadow for ever if no daemon could use it.
        date.update { $0 += 1000 }
        await watch.look(at: live.snapshot, refused: ["role": unfit])
        await untilLogged("shadow ended")
        #expect(try await state() == .candidate && source.records.last?.verdict == .held)
    }

    @Test func anOutageIsLoggedOnceAndTriedAgain() async throws {
        _ = try await startShadow()
        labels.label(10, after: 3600)
        try await refresh()
        store.goAway()
        let watch = watch()
        await watch.look(at: live.snapshot)
        await untilLogged("shadow cannot be ended, retrying")
        // Too soon after the last attempt.
        store.goAway(false)
        await watch.look(at: live.snapshot)
        #expect(try await state() == .shadow)
        clock.advance(by: .seconds(10))
        await watch.look(at: live.snapshot)
        await untilLogged("shadow ended")
        #expect(log.lines("shadow cannot be ended, retrying").count == 1)
        #expect(try await state() == .live)
    }
}
