import AdapterRegistry
import Foundation
import TestSupport
import Testing
import Threading

@testable import Retraining

/// Challengers that won and label beside the champion before they go live.
@Suite(.timeLimit(.minutes(3)))
struct ShadowTests: LettersTask {
    let model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast
    private let labels = InMemoryShadowLabels()

    init() throws {
        model = try TinyModel.shared.get()
        settings.startsFromChampion = false
        settings.shadow.duration = .seconds(86400)
    }

    private func retrain(clock: Clock = .system) async throws -> RetrainingOutcome {
        try await run(labels: ["ex", "why"], clock: clock)
    }

    private var conclusion: ShadowConclusion {
        ShadowConclusion(
            store: store, journal: source, labels: labels,
            clock: Clock(now: Clock.system.now, sleep: { _ in try Task.checkCancellation() }))
    }

    private func states() async throws -> [AdapterState] {
        try await store.versions(task: "letters").map(\.state)
    }

    /// A champion, and a challenger that won against it.
    @discardableResult
    private func putInShadow() async throws -> RetrainingOutcome {
        try await makeChampion()
        addRows(300)
        let outcome = try await retrain()
        try #require(outcome.verdict == .shadow, "\(outcome.reason)")
        return outcome
    }

    // MARK: - The beginning

    @Test func aWinnerLabelsBesideTheChampionFirst() async throws {
        let outcome = try await putInShadow()
        #expect(outcome.reason.contains("it first labels beside the champion, at least until "), "\(outcome.reason)")
        #expect(outcome.reason.contains(" and for 200 texts (retrain.shadow)"))
        #expect(try await states() == [.live, .shadow])
        let (live, shadow) = (try await store.versions(task: "letters")[0], try await store.versions(task: nil)[1])
        let terms = try #require(shadow.shadow?.terms)
        #expect(terms.retraining == 1 && terms.champion == live.digest && terms.seconds == 86400)
        #expect(terms.changedLabels == 0.1 && terms.minimumTexts == 200 && !terms.awaitsApproval)
        let record = try #require(source.records.last)
        #expect(record.verdict == .shadow && record.challengerVersion == 2 && record.looks == 1)
        #expect(record.report?.shadow == VerdictReport.Shadow(terms: terms))
        #expect(record.report.flatMap { VerdictReport(json: $0.json) }?.shadow == record.report?.shadow)
    }

    @Test func theFirstAdapterGoesLiveAtOnce() async throws {
        addRows(300)
        #expect(try await retrain().verdict == .promoted)
        #expect(try await states() == [.live])
    }

    @Test func whoLosesIsNeverInShadow() async throws {
        var harsh = self
        harsh.settings.gate.minimumGain = 1
        try await makeChampion()
        addRows(300)
        #expect(try await harsh.retrain().verdict == .rejected)
        #expect(try await states() == [.live, .rejected])
    }

    @Test func itIsNotTrainedAgainOnTheSameRows() async throws {
        try await putInShadow()
        let again = try await retrain()
        #expect(again.verdict == .skipped)
        #expect(again.reason.contains("are those of version 2, which is in shadow (retraining 1)"), "\(again.reason)")
        #expect(try await states() == [.live, .shadow])
    }

    @Test func aNewerWinnerTakesItsPlace() async throws {
        try await putInShadow()
        addRows(300, seed: 2)
        let newer = try await retrain()
        #expect(newer.verdict == .shadow && newer.challengerVersion == 3, "\(newer.reason)")
        #expect(newer.reason.contains("version 2, which was in shadow, is rejected in its favour"))
        #expect(try await states() == [.live, .rejected, .shadow])
        #expect(try await store.versions(task: nil)[2].shadow?.terms.retraining == 2)
    }

    @Test mutating func withoutShadowANewerWinnerEndsIt() async throws {
        try await putInShadow()
        addRows(300, seed: 2)
        settings.shadow.duration = .zero
        #expect(try await retrain().verdict == .promoted)
        #expect(try await states() == [.retired, .rejected, .live])
    }

    /// The shadow lasts until the time between two promotions has passed.
    @Test mutating func theTimeBetweenPromotionsMakesItLonger() async throws {
        settings.minimumPromotionInterval = .seconds(10 * 86400)
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let date = Int64((promoted.timeIntervalSince1970 + 86400) * 1000)
        let outcome = try await retrain(
            clock: Clock(now: Clock.system.now, sleep: Clock.system.sleep, date: { date }))
        #expect(outcome.verdict == .shadow, "\(outcome.reason)")
        #expect(try await store.versions(task: nil)[1].shadow?.terms.seconds == 9 * 86400)
    }

    // MARK: - The end

    @Test func itGoesOnUntilBothTimeAndTextsSuffice() async throws {
        try await putInShadow()
        #expect(try await conclusion.run(task: "letters") == nil)
        labels.label(199, after: 86400)
        #expect(try await conclusion.run(task: "letters") == nil)
        #expect(try await states() == [.live, .shadow] && source.records.count == 1)
        labels.label(1, after: 0)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.version == 2 && ending.verdict == .promoted, "\(ending.reason)")
        #expect(try await conclusion.run(task: "letters") == nil, "it ends once")
        #expect(try await states() == [.retired, .live])
    }

    @Test func timeAloneDoesNotSuffice() async throws {
        try await putInShadow()
        labels.label(1000, after: 86399)
        #expect(try await conclusion.run(task: "letters") == nil)
        #expect(try await states() == [.live, .shadow])
    }

    /// A thin stream must not keep a challenger in shadow for ever.
    @Test func withTooFewTextsAtTheTimeLimitItWaitsForAPerson() async throws {
        try await putInShadow()
        labels.label(17, changed: 1, after: 7 * 86400 - 1)
        #expect(try await conclusion.run(task: "letters") == nil)
        labels.label(0, after: 7 * 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.verdict == .held)
        let expected = "version 2 labelled too few texts in its shadow until the time limit: 1 of 17 labels change "
        #expect(ending.reason.hasPrefix(expected), "\(ending.reason)")
        #expect(ending.reason.contains("200 are required (retrain.shadow_minimum_texts, retrain.shadow_time_limit)"))
        #expect(ending.reason.hasSuffix("to promote it, run: lorikeet adapters promote letters 2"))
        #expect(try await states() == [.live, .candidate])
        #expect(source.records.last?.report?.awaitsApproval == true)
        #expect(source.records.last?.report?.shadow?.comparison?.texts == 17)
    }

    @Test func withoutAnyTextAtTheTimeLimitItWaitsForAPerson() async throws {
        try await putInShadow()
        labels.label(0, after: 7 * 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.verdict == .held && ending.reason.contains("no text was labelled by both"), "\(ending.reason)")
    }

    @Test mutating func theTimeLimitIsNoShorterThanTheShadow() async throws {
        settings.shadow.duration = .seconds(30 * 86400)
        try await putInShadow()
        #expect(try await store.versions(task: nil)[1].shadow?.terms.timeLimit == 30 * 86400)
        labels.label(1000, after: 8 * 86400)
        #expect(try await conclusion.run(task: "letters") == nil)
    }

    /// Terms of an older Lorikeet have none.
    @Test func withoutATimeLimitItGoesOn() {
        let terms = ShadowTerms(retraining: 1, champion: "c", seconds: 60, changedLabels: 0.1, minimumTexts: 5)
        #expect(!ShadowProgress(seconds: 1e9, texts: 4).suffices(for: terms))
        #expect(ShadowProgress(seconds: 60, texts: 5).suffices(for: terms))
    }

    @Test func aChallengerThatKeepsItsPromiseIsPromoted() async throws {
        let outcome = try await putInShadow()
        labels.label(240, changed: 24, after: 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(
            ending.reason == "version 2 won in retraining 1, and in its shadow 24 of 240 labels change (10.0 %), "
                + "agreement 90.0 %, mean confidence 0.88 against the champion's 0.75")
        let record = try #require(source.records.last)
        #expect(record.trigger == .shadow && record.verdict == .promoted && record.reason == ending.reason)
        #expect(record.challenger == outcome.challenger && record.challengerVersion == 2 && record.rowsUsed == 0)
        #expect(record.trainingDigest == outcome.trainingDigest && record.looks == 1)
        #expect(record.report?.shadow?.comparison?.texts == 240 && record.report?.findings != nil)
        let live = try #require(try await store.live(tasks: ["letters"]).first)
        #expect(live.version == 2 && live.promotion?.by == "retraining 2" && live.promotion?.reason == ending.reason)
    }

    @Test func tooManyChangedLabelsWaitForAPerson() async throws {
        try await putInShadow()
        labels.label(240, changed: 25, after: 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.verdict == .held)
        #expect(ending.reason.hasPrefix("version 2 changes too many labels in its shadow: 25 of 240 labels change"))
        #expect(ending.reason.hasSuffix("to promote it, run: lorikeet adapters promote letters 2"))
        #expect(try await states() == [.live, .candidate])
        #expect(source.records.last?.report?.awaitsApproval == true)
        // Meanwhile others are trained.
        addRows(300, seed: 2)
        #expect(try await retrain().challengerVersion == 3)
    }

    @Test func labelsThatMustChangeDoNotCount() async throws {
        try await putInShadow()
        labels.label(200, changed: 10, expected: 100, after: 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.verdict == .promoted)
        #expect(
            ending.reason.contains(
                "10 of 100 labels change (10.0 %), 100 more because the labels of the task have changed, "
                    + "agreement 45.0 %"), "\(ending.reason)")
    }

    /// Nor may they dilute those that count.
    @Test func theShareIsThatOfTheComparedTexts() async throws {
        try await putInShadow()
        labels.label(200, changed: 11, expected: 100, after: 86400)
        let ending = try #require(try await conclusion.run(task: "letters"))
        #expect(ending.verdict == .held, "\(ending.reason)")
    }

    @Test mutating func afterItsShadowItWaitsForAPersonWhereOneMustApprove() async throws {
        settings.gate.approve = .person
        try await putInShadow()
        #expect(try await store.versions(task: nil)[1].shadow?.terms.awaitsApproval == true)
        labels.label(200, after: 86400)
        let first = try #require(try await conclusion.run(task: "letters"))
        #expect(first.verdict == .held && first.reason.contains("(retrain.gate.approve: person)"), "\(first.reason)")
        #expect(try await states() == [.live, .candidate])
        // The next one that keeps its promise takes the place of the one that waits.
        addRows(300, seed: 2)
        #expect(try await retrain().verdict == .shadow)
        #expect(try await states() == [.live, .candidate, .shadow])
        let second = try #require(try await conclusion.run(task: "letters"))
        #expect(second.reason.contains("version 2, which waited for a person, is rejected in its favour"))
        #expect(try await states() == [.live, .rejected, .candidate])
    }

    // MARK: - Interruptions

    @Test func aPersonEndsItByPromoting() async throws {
        try await putInShadow()
        labels.label(200, changed: 200, after: 86400)
        _ = try await store.promote(task: "letters", version: 2)
        #expect(try await conclusion.run(task: "letters") == nil)
        #expect(try await states() == [.retired, .live] && source.records.count == 1)
    }

    /// Counting the labels of a day takes a while, and a person needs no lease.
    @Test func aPersonWhoPromotesWhileLabelsAreCountedHasTheLastWord() async throws {
        try await putInShadow()
        labels.label(200, after: 86400)
        let other = try await store.publish(
            task: "letters", adapter: try model.adapter(labels: ["ex", "why"], seed: 9), metrics: [:],
            parentDigest: nil)
        let (store, source, labels) = (store, source, labels)
        let counting = Interrupted(labels: labels) {
            _ = try await store.promote(task: "letters", version: other.version)
        }
        let ending = try await ShadowConclusion(store: store, journal: source, labels: counting).run(task: "letters")
        #expect(ending == nil && source.records.count == 1)
        #expect(try await states() == [.retired, .rejected, .live])
    }

    /// Between the check and the promotion.
    @Test func aPersonWhoPromotesAtTheLastMomentHasTheLastWord() async throws {
        try await putInShadow()
        labels.label(200, after: 86400)
        let store = store
        store.interruptPromotion { _ = try await store.promote(task: "letters", version: 1) }
        #expect(try await conclusion.run(task: "letters") == nil)
        #expect(try await states() == [.live, .rejected])
        #expect(source.records.map(\.verdict) == [.shadow, .skipped])
        #expect(source.records.last?.reason?.contains("have changed since the decision was made") == true)
    }

    /// Labels that take so long to be compared that something happens meanwhile.
    private struct Interrupted: ShadowLabelSource {
        let labels: InMemoryShadowLabels
        let meanwhile: @Sendable () async throws -> Void

        func progress(of version: AdapterVersion) async throws -> ShadowProgress {
            try await labels.progress(of: version)
        }

        func comparison(of version: AdapterVersion) async throws -> ShadowComparison {
            try await meanwhile()
            return try await labels.comparison(of: version)
        }
    }

    @Test func aChallengerThatCannotLabelIsRejected() async throws {
        try await putInShadow()
        labels.label(7, after: 60)
        let ending = try #require(
            try await conclusion.fail(task: "letters", version: 2, reason: "the scores are NaN or infinite"))
        #expect(ending.verdict == .rejected)
        #expect(ending.reason == "the shadow of version 2 was ended: the scores are NaN or infinite")
        #expect(try await states() == [.live, .rejected])
        #expect(source.records.last?.report?.shadow?.comparison?.texts == 7)
        #expect(try await conclusion.fail(task: "letters", version: 2, reason: "again") == nil)
        let again = try await retrain()
        #expect(again.verdict == .skipped && again.reason.contains("version 2, which lost (retraining 2)"))
    }

    /// A daemon that it fits would hold it for too few texts: whichever is faster.
    @Test func aChallengerThatOnlyDoesNotFitHereWaitsForAPerson() async throws {
        try await putInShadow()
        labels.label(7, after: 7 * 86400)
        let ending = try #require(
            try await conclusion.fail(task: "letters", version: 2, reason: "labels differ", fitsElsewhere: true))
        #expect(ending.verdict == .held && ending.reason.contains("labels differ"), "\(ending.reason)")
        #expect(try await states() == [.live, .candidate])
        #expect(source.records.last?.report?.awaitsApproval == true)
    }

    @Test func onlyOneProcessEndsIt() async throws {
        try await putInShadow()
        labels.label(200, after: 86400)
        let conclusion = conclusion
        let meanwhile = try await source.withLease(task: "letters") { _ in try await conclusion.run(task: "letters") }
        #expect(meanwhile.holder == nil && meanwhile.value == .some(nil))
        #expect(try await states() == [.live, .shadow])
        #expect(try await conclusion.run(task: "letters")?.verdict == .promoted)
    }

    @Test func anOutageOnlyDelaysIt() async throws {
        try await putInShadow()
        labels.label(200, after: 86400)
        store.goAway()
        await #expect(throws: InMemoryAdapterStore.StoreIsAway.self) { try await conclusion.run(task: "letters") }
        store.goAway(false)
        #expect(try await conclusion.run(task: "letters")?.verdict == .promoted)
        #expect(source.records.map(\.verdict) == [.shadow, .promoted])
    }
}
