import AdapterRegistry
import Foundation
import Retraining
import TestSupport
import Testing
import Threading

/// A trained challenger is not lost while the database is away.
@Suite(.timeLimit(.minutes(3)))
struct SettlementTests: LettersTask {
    let model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast
    private let now = Watched(Duration.zero)

    init() throws { model = try TinyModel.shared.get() }

    /// A clock on which a wait passes at once, after `body`.
    private func clock(_ body: @escaping @Sendable () -> Void = {}) -> Clock {
        Clock(
            now: { [now] in now.value },
            sleep: { [now] duration in
                body()
                now.update { $0 += duration }
            })
    }

    @Test func aDatabaseThatComesBackGetsTheChallenger() async throws {
        addRows(300)
        let waits = Watched(0)
        let store = store
        let outcome = try await run(
            labels: ["ex", "why"],
            clock: clock {
                waits.update { $0 += 1 }
                if waits.value == 3 { store.goAway(false) }
            },
            progress: { if $0.step == $0.steps { store.goAway() } })
        #expect(outcome.verdict == .promoted && outcome.challengerVersion == 1, "\(outcome.reason)")
        #expect(waits.value == 3)
        #expect(source.records.map(\.verdict) == [.promoted])
        #expect(try await store.live(tasks: ["letters"]).first?.digest == outcome.challenger)
    }

    @Test func itIsGivenUpAfterABoundedTime() async throws {
        addRows(300)
        let store = store
        let error = await #expect(throws: RetrainingError.self) {
            try await run(
                labels: ["ex", "why"], clock: clock(), progress: { if $0.step == $0.steps { store.goAway() } })
        }
        guard case .notStored = error else { throw error ?? RetrainingError.notStored("no error") }
        #expect(now.value >= settings.publishPatience && now.value < settings.publishPatience * 2)
        #expect(source.records.last?.verdict == .failed)
        #expect(source.records.last?.reason?.hasPrefix("the trained challenger could not be stored") == true)
        store.goAway(false)
        #expect(try await store.versions(task: nil).isEmpty)
    }

    private func clock(at date: Date) -> Clock {
        let milliseconds = Int64(date.timeIntervalSince1970 * 1000)
        return Clock(now: Clock.system.now, sleep: Clock.system.sleep, date: { milliseconds })
    }

    /// A clock that was set back by a month.
    @Test mutating func aPromotionInTheFutureDoesNotCount() async throws {
        settings.minimumPromotionInterval = .seconds(10 * 86400)
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let outcome = try await run(
            labels: ["ex", "why"], clock: clock(at: promoted.addingTimeInterval(-30 * 86400)))
        #expect(outcome.verdict == .promoted, "\(outcome.reason)")
    }

    /// Clocks of two machines differ by moments.
    @Test mutating func aPromotionThisMomentCounts() async throws {
        settings.minimumPromotionInterval = .seconds(10 * 86400)
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let outcome = try await run(labels: ["ex", "why"], clock: clock(at: promoted.addingTimeInterval(-1)))
        #expect(outcome.verdict == .held && outcome.reason.contains("minimum_promotion_interval"), "\(outcome.reason)")
    }

    @Test mutating func oneThatWaitsIsNotForgottenWhenTheClockIsSetBack() async throws {
        settings.minimumPromotionInterval = .seconds(10 * 86400)
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let held = try await run(labels: ["ex", "why"], clock: clock(at: promoted.addingTimeInterval(60)))
        #expect(held.verdict == .held)
        let early = try await run(labels: ["ex", "why"], clock: clock(at: promoted.addingTimeInterval(86400)))
        #expect(early.verdict == .skipped, "\(early.reason)")
        let back = try await run(
            labels: ["ex", "why"], clock: clock(at: promoted.addingTimeInterval(-30 * 86400)))
        #expect(back.verdict == .promoted && back.challengerVersion == held.challengerVersion, "\(back.reason)")
    }

    /// As where the database was away for longer than the lease lasts.
    @Test func aLeaseThatWasLostAfterTrainingIsAcquiredAgain() async throws {
        addRows(300)
        let source = source
        let outcome = try await run(
            labels: ["ex", "why"], clock: clock(),
            progress: { if $0.step == $0.steps { source.expireLease(task: "letters") } })
        #expect(outcome.verdict == .promoted, "\(outcome.reason)")
        #expect(source.records.count == 1)
    }

    /// Between the check and the promotion.
    @Test func whatGoesLiveAtTheLastMomentStays() async throws {
        try await makeChampion()
        addRows(300)
        let other = try await store.publish(
            task: "letters", adapter: try model.adapter(labels: ["ex", "why"], seed: 9), metrics: [:],
            parentDigest: nil)
        let store = store
        store.interruptPromotion { _ = try await store.promote(task: "letters", version: other.version) }
        let outcome = try await run(labels: ["ex", "why"], clock: clock())
        #expect(outcome.verdict == .rejected, "\(outcome.reason)")
        #expect(outcome.reason.contains("another adapter went live"))
        #expect(try await store.live(tasks: ["letters"]).first?.version == other.version)
        #expect(source.records.map(\.verdict) == [.rejected])
    }

    @Test func whatWentLiveMeanwhileStays() async throws {
        let champion = try await makeChampion()
        addRows(300)
        let other = try await store.publish(
            task: "letters", adapter: try model.adapter(labels: ["ex", "why"], seed: 9), metrics: [:],
            parentDigest: nil)
        let (store, hasReturned) = (store, Watched(false))
        let returning = Task {
            await hasReturned.wait { $0 }
            store.goAway(false)
            _ = try await store.promote(task: "letters", version: other.version)
        }
        let outcome = try await run(
            labels: ["ex", "why"],
            clock: Clock(
                now: { .zero },
                sleep: { _ in
                    hasReturned.update { $0 = true }
                    try await returning.value
                }),
            progress: { if $0.step == $0.steps { store.goAway() } })
        #expect(outcome.verdict == .rejected && outcome.champion == champion.digest)
        #expect(outcome.reason.contains("another adapter went live"))
        #expect(try await store.live(tasks: ["letters"]).first?.version == other.version)
    }
}
