import AdapterRegistry
import Foundation
import Retraining
import TestSupport
import Testing
import Threading
import Training

/// Challengers that a verdict leaves undecided. Where a test needs one, it is because too many rows are unusable.
@Suite(.timeLimit(.minutes(3)))
struct HeldChallengerTests: LettersTask {
    var model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast
    private let trainings = Watched(0)

    init() throws {
        model = try TinyModel.shared.get()
        settings.startsFromChampion = false
    }

    /// Counts the trainings besides.
    private func retrain(clock: Clock = .system) async throws -> RetrainingOutcome {
        let hasTrained = Watched(false)
        let outcome = try await run(
            labels: ["ex", "why"], clock: clock, progress: { _ in hasTrained.update { $0 = true } })
        if hasTrained.value { trainings.update { $0 += 1 } }
        return outcome
    }

    private func states() async throws -> [AdapterState] {
        try await store.versions(task: "letters").map(\.state)
    }

    @Test func itIsJudgedAgainWithoutBeingTrainedAgain() async throws {
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        let first = try await retrain()
        #expect(first.verdict == .held, "\(first.reason)")
        #expect(try await states() == [.live, .candidate])
        let record = try #require(source.records.last)
        #expect(record.verdict == .held && record.looks == 1 && record.challengerVersion == 2)
        #expect(record.report?.findings?.look == 1 && record.report?.rows.heldOut == first.rows.heldOut)

        addRows(100, seed: 2)
        let second = try await retrain()
        #expect(second.verdict == .held && second.challenger == first.challenger && second.looks == 2)
        #expect(second.rows.heldOut == first.rows.heldOut + 100 && second.rows.training == first.rows.training)
        // Neither look could judge, so neither spent any of the error rate.
        #expect(source.records.last?.report?.findings?.look == 1)
        #expect(source.records.last?.report?.findings?.couldJudge == false)
        // How it was trained is still known.
        #expect(record.report?.recipe != nil && source.records.last?.report?.recipe == record.report?.recipe)
        #expect(trainings.value == 1)
    }

    @Test func itIsNotJudgedAgainByTheSameRows() async throws {
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        _ = try await retrain()
        addRows(10, seed: 2)
        let outcome = try await retrain()
        #expect(outcome.verdict == .skipped && trainings.value == 1)
        #expect(outcome.reason.hasPrefix("version 2 is held, and 10 new held-out rows are too few to judge it again"))
        #expect(try await states() == [.live, .candidate])
    }

    @Test func correctedRowsLetItBeJudgedAtOnce() async throws {
        try await makeChampion()
        addRows(300)
        let misspelled = (0..<40).map { (text: "xxx \($0)", label: "Ex") }
        source.add(misspelled, task: "letters")
        let first = try await retrain()
        #expect(first.verdict == .held && first.reason.contains("correct these annotations"), "\(first.reason)")
        source.add(misspelled.map { (text: $0.text, label: "ex") }, task: "letters")
        let second = try await retrain()
        #expect(second.verdict == .promoted && second.challenger == first.challenger, "\(second.reason)")
        #expect(trainings.value == 1)
    }

    @Test mutating func aLaterLookMayPromoteIt() async throws {
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        _ = try await retrain()
        addRows(100, seed: 2)
        settings.gate.unusableRows = 1
        let outcome = try await retrain()
        #expect(outcome.verdict == .promoted && outcome.looks == 2, "\(outcome.reason)")
        #expect(try await states() == [.retired, .live] && trainings.value == 1)
        let live = try #require(try await store.live(tasks: ["letters"]).first)
        #expect(live.promotion?.by == "retraining 2")
    }

    @Test mutating func itIsRejectedAfterTheLastLook() async throws {
        settings.maximumLooks = 2
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        _ = try await retrain()
        addRows(100, seed: 2)
        let outcome = try await retrain()
        #expect(outcome.verdict == .rejected)
        #expect(outcome.reason.contains("it was judged 2 times, as often as is allowed"))
        #expect(try await states() == [.live, .rejected])
        addRows(100, seed: 3)
        #expect(try await retrain().challengerVersion == 3)
    }

    @Test func itIsRejectedWhenAnotherVersionGoesLive() async throws {
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        _ = try await retrain()
        let other = try await store.publish(
            task: "letters", adapter: try model.adapter(labels: ["ex", "why"], seed: 9), metrics: [:],
            parentDigest: nil, trainingRows: TrainingRowSet(hashes: []))
        _ = try await store.promote(task: "letters", version: other.version)
        addRows(100, seed: 2)
        let outcome = try await retrain()
        #expect(
            outcome.reason.contains("version 2, which was held, is rejected: another version went live while it was"))
        #expect(try await states().dropFirst().first == .rejected)
        #expect(trainings.value == 2)
    }

    /// No row is newer than a retraining of the future, so it would be held until that time has come.
    private func holdThenSetTheClockBack() async throws {
        try await makeChampion()
        addRows(300)
        addRows(40, seed: 99, labels: ("zed", "zed"))
        #expect(try await retrain().verdict == .held)
        source.setClockBack(by: 1e6)
    }

    @Test func itIsRejectedWhenTheClockWasSetBack() async throws {
        try await holdThenSetTheClockBack()
        addRows(100, seed: 2)
        let outcome = try await retrain()
        #expect(
            outcome.reason.contains(
                "version 2, which was held, is rejected: the clock of the database has been set back since then"),
            "\(outcome.reason)")
        #expect(outcome.challengerVersion == 3 && trainings.value == 2)
        #expect(try await states().dropFirst().first == .rejected)
    }

    /// It was trained on the same rows, but it is gone: nothing would be trained until a row comes.
    @Test func anotherIsTrainedAfterTheClockWasSetBack() async throws {
        try await holdThenSetTheClockBack()
        let outcome = try await retrain()
        #expect(outcome.verdict != .skipped && trainings.value == 2, "\(outcome.reason)")
    }

    @Test mutating func whatAPersonApprovesWaitsForOne() async throws {
        settings.gate.approve = .person
        try await makeChampion()
        addRows(300)
        let first = try await retrain()
        #expect(first.verdict == .held && first.reason.contains("lorikeet adapters promote letters 2"))
        // The scheduler's statement reads it.
        #expect(first.report?.json.contains("\"awaits_approval\":true") == true)
        #expect(try await states() == [.live, .candidate])
        // Meanwhile others are trained, and the better of them takes the place of the first.
        addRows(300, seed: 2)
        let second = try await retrain()
        #expect(second.verdict == .held && second.challengerVersion == 3, "\(second.reason)")
        #expect(second.reason.contains("version 2, which waited for a person, is rejected in its favour"))
        #expect(try await states() == [.live, .rejected, .candidate])
        _ = try await store.promote(task: "letters", version: 3, Promotion(by: "kim", reason: "looks good"))
        addRows(10, seed: 3)
        #expect(try await retrain().challengerVersion != 3)
        #expect(try await store.live(tasks: ["letters"]).first?.version == 3)
    }

    // MARK: - The same rows again

    @Test mutating func aChallengerThatLostIsNotTrainedAgainOnTheSameRows() async throws {
        try await makeChampion()
        addRows(300)
        settings.gate.minimumGain = 1
        #expect(try await retrain().verdict == .rejected)
        let again = try await retrain()
        #expect(again.verdict == .skipped && trainings.value == 1)
        #expect(again.reason.contains("are those of version 2, which lost (retraining 1)"), "\(again.reason)")
        #expect(source.records.last?.trainingDigest == source.records.first?.trainingDigest)
        addRows(40, seed: 2)
        #expect(try await retrain().verdict == .rejected)
        #expect(trainings.value == 2)
    }

    @Test mutating func otherSettingsAreAnotherTraining() async throws {
        try await makeChampion()
        addRows(300)
        settings.gate.minimumGain = 1
        _ = try await retrain()
        settings.training.epochs += 1
        _ = try await retrain()
        #expect(trainings.value == 2)
    }

    // MARK: - Two pipeline files

    @Test mutating func theOlderOfTwoPipelineFilesTrainsNothing() async throws {
        addRows(300)
        settings.pipelineFile = "older"
        #expect(try await run(labels: ["ex", "why"], trigger: .rows).verdict == .promoted)
        settings.pipelineFile = "newer"
        addRows(150, seed: 2)
        addRows(150, seed: 3, labels: ("zed", "why"))
        let newer = try await run(labels: ["ex", "why", "zed"], trigger: .rows)
        #expect(newer.looks == 1, "\(newer.reason)")
        addRows(100, seed: 4)
        settings.pipelineFile = "older"
        let older = try await run(labels: ["ex", "why"], trigger: .rows)
        #expect(older.verdict == .skipped)
        #expect(older.reason.hasPrefix("a newer pipeline file (newer) names other labels since retraining 2: ex, why"))
        // A person decides otherwise.
        #expect(try await run(labels: ["ex", "why"], trigger: .command).verdict != .skipped)
    }

    /// Each of them would be the first adapter of its base, and be promoted without having to beat the other's.
    @Test mutating func filesWithDifferentBasesDoNotReplaceEachOther() async throws {
        addRows(300)
        settings.pipelineFile = "older"
        #expect(try await run(labels: ["ex", "why"], trigger: .rows).verdict == .promoted)
        let first = model
        model = try TinyModel(seed: 2)
        settings.pipelineFile = "newer"
        addRows(100, seed: 2)
        let newer = try await run(labels: ["ex", "why"], trigger: .rows)
        #expect(newer.looks == 1 && newer.championEvaluation == nil, "\(newer.reason)")
        let live = try await store.live(tasks: ["letters"]).first?.digest
        model = first
        settings.pipelineFile = "older"
        addRows(100, seed: 3)
        let older = try await run(labels: ["ex", "why"], trigger: .rows)
        #expect(older.verdict == .skipped)
        #expect(
            older.reason.hasPrefix(
                "a newer pipeline file (newer) names another base since retraining 2; to make this file (older)"),
            "\(older.reason)")
        #expect(try await store.live(tasks: ["letters"]).first?.digest == live)
    }

    @Test mutating func anotherFileWithTheSameLabelsIsNoOther() async throws {
        addRows(300)
        settings.pipelineFile = "one"
        _ = try await run(labels: ["ex", "why"], trigger: .rows)
        settings.pipelineFile = "two"
        addRows(100, seed: 2)
        _ = try await run(labels: ["why", "ex"], trigger: .rows)
        settings.pipelineFile = "one"
        addRows(100, seed: 3)
        #expect(!(try await run(labels: ["ex", "why"], trigger: .rows).reason.contains("newer pipeline file")))
    }

    // MARK: - Time between promotions

    @Test mutating func aPromotionWaitsForTheTimeBetweenTwo() async throws {
        settings.minimumPromotionInterval = .seconds(86400)
        let champion = try await makeChampion()
        let promoted = try #require(champion.promotedAt)
        addRows(300)
        let first = try await retrain(clock: clock(600, after: promoted))
        #expect(first.verdict == .held && first.reason.contains("by minimum_promotion_interval"), "\(first.reason)")
        let early = try await retrain(clock: clock(86399, after: promoted))
        #expect(early.verdict == .skipped && early.reason.hasPrefix("version 2 won; it is promoted after"))
        // A clock that differs a little waits as well.
        #expect(try await retrain(clock: clock(-30, after: promoted)).verdict == .skipped)
        let last = try await retrain(clock: clock(86401, after: promoted))
        #expect(last.verdict == .promoted && last.reason.hasPrefix("version 2 won in retraining 1"), "\(last.reason)")
        #expect(last.looks == 1 && trainings.value == 1)
        #expect(try await states() == [.retired, .live])
    }

    // MARK: - Training rows

    @Test mutating func aChallengerThatStartsFromTheChampionInheritsItsRows() async throws {
        settings.startsFromChampion = true
        settings.gate.minimumHoldOut = 10
        addRows(300)
        let first = try await retrain()
        #expect(first.verdict == .promoted, "\(first.reason)")
        addRows(200, seed: 2)
        let second = try await retrain()
        let before = try await store.trainingRows(digest: first.challenger ?? "")
        let rows = try #require(try await store.trainingRows(digest: second.challenger ?? ""))
        #expect(before?.union(rows) == rows)
        #expect(source.records.last?.report?.trainingRange == rows.range)
        #expect((rows.range.newestID ?? 0) > 300 && rows.range.oldestID == before?.range.oldestID)
    }

    @Test func rowsThatTheChampionWasTrainedOnAreDroppedAndCounted() async throws {
        let known = rows(300, seed: 1)
        try await makeChampion(trainedOn: known.prefix(100).map(\.text))
        source.add(known, task: "letters")
        let outcome = try await retrain()
        let share = known.prefix(100).count { HoldOut().contains($0.text) }
        #expect(outcome.rows.seen == share && share > 5)
        #expect(source.records.last?.report?.rows.seen == share)
    }

    @Test func aChampionThatSawEverythingCannotBeBeatenFairly() async throws {
        let known = rows(300, seed: 1)
        try await makeChampion(trainedOn: known.map(\.text))
        source.add(known, task: "letters")
        let outcome = try await retrain()
        #expect(outcome.verdict == .skipped && outcome.reason.contains("; the champion was trained on "))
    }
}
