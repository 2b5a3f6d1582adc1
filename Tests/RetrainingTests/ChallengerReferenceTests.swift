import AdapterRegistry
import BERT
import Drift
import Foundation
import Retraining
import TestSupport
import Testing
import Training

/// Which texts the drift reference of a challenger is made of. A text's letter is its label.
@Suite(.timeLimit(.minutes(3)))
struct ChallengerReferenceTests: LettersTask {
    let model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast

    init() throws { model = try TinyModel.shared.get() }

    /// Nine in ten have the letter `x`, while annotated rows have `x` and `y` alike.
    private func stream(_ count: Int, seed: UInt64) -> [String] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { index in
            let letter = index % 10 == 0 ? "y" : "x"
            return "\(letter)\(letter)\(letter) \(Int.random(in: 0..<1_000_000, using: &random))"
        }
    }

    /// Texts that are no annotated rows.
    private func others(_ count: Int) -> [String] { (0..<count).map { "xxx 7 \($0)" } }

    /// The newest version of the task with its reference.
    private func newest() async throws -> (adapter: Adapter, reference: DriftReference) {
        let version = try #require(try await store.versions(task: "letters").last)
        let stored = try await store.load(digest: version.digest)
        let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: model.base)
        let json = try #require(try await store.driftReference(digest: version.digest))
        let reference = try DriftReference(
            json: json, adapterDigest: version.digest, labels: stored.manifest.labels.count)
        return (adapter, reference)
    }

    private func alarms(
        of reference: DriftReference, _ adapter: Adapter, on texts: [String]
    ) -> [DriftSignal] {
        let tokenizer = model.tokenizer
        let encoded = ReferenceMeasurement.Texts(count: texts.count) { tokenizer.encode(texts[$0], maxTokens: 32) }
        let measurement = ReferenceMeasurement(base: model.base, workers: 1, unknownToken: tokenizer.unknownID)
        var detector = DriftDetector(reference: reference.profile)
        for text in measurement.observations(of: adapter, encoded, centres: reference.centres) { detector.add(text) }
        return detector.status.alarms
    }

    @Test(arguments: [true, false])
    func theSharesOfLabelsAreThoseOfTheStream(isStored: Bool) async throws {
        addRows(1_000)
        if isStored { source.add(texts: stream(2_500, seed: 7), task: "letters") }
        let outcome = try await run(labels: ["ex", "why"])
        let (adapter, reference) = try await newest()
        #expect(reference.spread?.texts == outcome.rows.heldOut, "usual distances come from held-out rows")
        let alarms = alarms(of: reference, adapter, on: stream(500, seed: 8))
        if isStored {
            #expect(reference.source == .stored && reference.profile.texts == ReferenceMeasurement.maximumTexts)
            #expect(alarms.isEmpty, "\(alarms)")
        } else {
            #expect(reference.source == .heldOut && reference.profile.texts == outcome.rows.heldOut)
            #expect(alarms.contains(.labels), "the annotated rows have other shares")
        }
    }

    @Test func tooFewStoredTextsSayLessThanHeldOutRows() async throws {
        addRows(1_000)
        source.add(texts: others(ReferenceMeasurement.minimumStoredTexts - 1), task: "letters")
        let outcome = try await run(labels: ["ex", "why"])
        let reference = try await newest().reference
        #expect(reference.source == .heldOut && reference.profile.texts == outcome.rows.heldOut)
    }

    @Test func whereTooFewRowsAreHeldOutTheStreamSaysWhichDistancesAreUsual() async throws {
        addRows(300)
        let count = ReferenceMeasurement.minimumStoredTexts
        source.add(texts: others(count), task: "letters")
        let outcome = try await run(labels: ["ex", "why"])
        #expect(outcome.rows.heldOut < DriftReference.minimumTexts)
        let reference = try await newest().reference
        #expect(reference.source == .stored && reference.profile.texts == count && reference.spread?.texts == count)
    }

    /// Those that it was not trained on stay, with a label or without.
    @Test func textsThatItWasTrainedOnAreLeftOut() async throws {
        addRows(1_000)
        let texts = Set(try await source.rows(task: "letters", limit: 1_000).map(\.text)).sorted()
        source.add(texts: texts + others(600), task: "letters")
        let outcome = try await run(labels: ["ex", "why"])
        let reference = try await newest().reference
        #expect(reference.source == .stored)
        #expect(reference.profile.texts == texts.count + 600 - outcome.rows.training)
    }

    @Test func aTextThatTheStreamRepeatsIsNotLeftOut() async throws {
        addRows(1_000)
        let rows = try await source.rows(task: "letters", limit: 1_000).map(\.text)
        // The newest rows are held out, whatever their hash says.
        let text = try #require(rows.first { !HoldOut().contains($0) })
        source.add(texts: others(600) + [text, text], task: "letters")
        _ = try await run(labels: ["ex", "why"])
        let reference = try await newest().reference
        #expect(reference.profile.texts == 602)
    }

    @Test mutating func textsThatItWasDistilledOnAreLeftOut() async throws {
        try await makeChampion(labels: ["ex", "why", "zed"])
        addRows(1_000)
        source.add(texts: others(1_500), task: "letters")
        settings.distillation.texts = 400
        let outcome = try await run(labels: ["ex", "why", "zed"])
        #expect(outcome.report?.distillation?.texts == 400)
        let reference = try await newest().reference
        #expect(reference.source == .stored && reference.profile.texts == 1_100)
    }

    @Test func aStreamThatCannotBeReadLosesNoChallenger() async throws {
        addRows(1_000)
        source.add(texts: others(600), task: "letters")
        source.failTexts(with: CancellationError())
        let outcome = try await run(labels: ["ex", "why"])
        #expect(outcome.verdict == .promoted, "\(outcome.reason)")
        let reference = try await newest().reference
        #expect(reference.source == .heldOut)
    }
}
