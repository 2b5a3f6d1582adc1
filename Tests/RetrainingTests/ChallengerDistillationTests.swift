import AdapterRegistry
import BERT
import Foundation
import Retraining
import TestSupport
import Testing
import Training

/// Which challengers are distilled from the champion, and on which texts. A text's letter is its label.
@Suite(.timeLimit(.minutes(3)))
struct ChallengerDistillationTests: LettersTask {
    let model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast

    init() throws { model = try TinyModel.shared.get() }

    private func addTexts(_ letters: String = "xyz", _ count: Int = 60) {
        let texts = (0..<count).flatMap { number in letters.map { "\($0)\($0)\($0) \(number) \(number * 7)" } }
        source.add(texts: texts, task: "letters")
    }

    private var report: VerdictReport.Distillation? { source.records.last?.report?.distillation }

    @Test func aLabelWithoutRowsHoldsTheChallengerToTheChampion() async throws {
        try await makeChampion(labels: ["ex", "why", "zed"])
        addRows(300)
        addTexts()
        let outcome = try await run(labels: ["ex", "why", "zed"])
        let report = try #require(report)
        // A fifth of all texts would be held out once they have a label.
        let isHeldOut = HoldOut()
        let expected = try await source.recentTexts(task: "letters", limit: 1000).count { !isHeldOut.contains($0) }
        #expect(report.texts == expected && report.weight == 4 && report.temperature == 2, "\(report)")
        #expect(
            outcome.reason.contains(
                "the challenger was distilled from the champion on \(expected) texts without a label (weight 4.0, "),
            "\(outcome.reason)")
        let version = try #require(try await store.versions(task: "letters").last)
        #expect(try await store.trainingRows(digest: version.digest)?.range.rows == outcome.rows.training)
    }

    @Test func whereTheRowsShowAllTheChampionIsNotAsked() async throws {
        let known = rows(300, seed: 1)
        try await makeChampion(trainedOn: known.prefix(40).map(\.text))
        source.add(known, task: "letters")
        addTexts()
        _ = try await run(labels: ["ex", "why"])
        #expect(report == nil && source.records.last?.looks == 1)
    }

    @Test func itIsAskedWhereItsTrainingRowsAreGone() async throws {
        try await makeChampion(trainedOn: rows(40, seed: 77).map(\.text))
        addRows(300)
        addTexts("xy")
        _ = try await run(labels: ["ex", "why"])
        #expect((report?.texts ?? 0) > 50)
    }

    @Test mutating func alwaysAndNeverAreMeant() async throws {
        try await makeChampion(labels: ["ex", "why", "zed"])
        addRows(300)
        addTexts()
        settings.distillation.use = .never
        #expect(!(try await run(labels: ["ex", "why", "zed"]).reason.contains("distilled from the champion")))
        #expect(report == nil)
    }

    @Test mutating func alwaysAsksWhereTheRowsWouldDo() async throws {
        try await makeChampion()
        addRows(300)
        addTexts("xy")
        settings.distillation.use = .always
        settings.distillation.texts = 20
        settings.distillation.settings.weight = 0.5
        _ = try await run(labels: ["ex", "why"])
        #expect(report?.texts == 20 && report?.weight == 0.5)
    }

    @Test func withoutAChampionThereIsNobodyToAsk() async throws {
        addRows(300)
        addTexts()
        #expect(!(try await run(labels: ["ex", "why"]).reason.contains("distilled from the champion")))
        #expect(report == nil)
    }

    /// Such as those whose label is spelled wrong. Texts that are trained on or judge are never among them.
    @Test func textsOfUnusableRowsStandInForAStream() async throws {
        try await makeChampion(labels: ["ex", "why", "zed"])
        addRows(300)
        let labelled = try await source.rows(task: "letters", limit: 10).map(\.text)
        source.add(texts: labelled, task: "letters")
        let misspelled = (0..<50).map { (text: "zzz \($0)", label: "Zed") }
        source.add(misspelled, task: "letters")
        _ = try await run(labels: ["ex", "why", "zed"])
        let isHeldOut = HoldOut()
        #expect(report?.texts == misspelled.count { !isHeldOut.contains($0.text) })
    }

    @Test mutating func aChampionWithUnknownRowsIsNoTeacher() async throws {
        try await makeChampion(labels: ["ex", "why", "zed"], trainedOn: nil)
        settings.gate.unknownTrainingRows = .allow
        addRows(300)
        addTexts()
        let outcome = try await run(labels: ["ex", "why", "zed"])
        #expect(
            outcome.reason.contains("(retrain.distillation): it is unknown which rows the champion was trained on"),
            "\(outcome.reason)")
        #expect(report == nil)
    }

    /// New texts alone do not make another training of a challenger that lost.
    @Test mutating func newTextsAreNoReasonToTrainAgain() async throws {
        try await makeChampion()
        addRows(300)
        addTexts("xy")
        settings.distillation.use = .always
        settings.gate.minimumGain = 1
        #expect(try await run(labels: ["ex", "why"]).verdict == .rejected)
        source.add(texts: (0..<40).map { "xxx 9 \($0)" }, task: "letters")
        #expect(try await run(labels: ["ex", "why"]).verdict == .skipped)
        settings.distillation.settings.weight = 2
        #expect(try await run(labels: ["ex", "why"]).verdict == .rejected)
    }
}
