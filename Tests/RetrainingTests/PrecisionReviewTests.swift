import AdapterRegistry
import BERT
import Retraining
import TestSupport
import Testing
import Threading
import Training

/// A challenger that won over a base in int8 is checked against the base in float32. The limits of the tests decide how
/// the check ends: what int8 does to a real adapter is tested where it is measured.
@Suite(.timeLimit(.minutes(3)))
struct PrecisionReviewTests: LettersTask {
    var model: TinyModel
    let store = InMemoryAdapterStore()
    let source = InMemoryLabelledRowSource()
    var settings = LettersSettings.fast

    private struct NoBase: Error, CustomStringConvertible {
        let description = "the folder is gone"
    }

    init() throws {
        model = try TinyModel(precision: BasePrecision(.int8))
        settings.precision.minimumTexts = 10
    }

    private func float32() throws -> BERTBase { try TinyModel.shared.get().base }

    @Test mutating func aLossWithinTheLimitsIsInTheReport() async throws {
        addRows(300)
        (settings.precision.accuracyLost, settings.precision.labelsChanged) = (1, 1)
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .promoted, "\(outcome.reason)")
        let precision = try #require(source.records.first?.report?.precision)
        #expect(precision.dtype == "int8" && !precision.holds && precision.finerLayers.isEmpty)
        #expect(precision.figures?.texts == outcome.rows.heldOut && precision.figures?.verdict == .ok)
        #expect(outcome.reason.contains(precision.reason))
        let json = try #require(source.records.first?.report?.json)
        #expect(VerdictReport(json: json)?.precision == precision && json.contains(#""dtype":"int8""#))
    }

    @Test mutating func aLossBeyondTheLimitsHoldsTheChallenger() async throws {
        addRows(300)
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .held, "\(outcome.reason)")
        #expect(outcome.reason.contains("int8 costs too much") && outcome.reason.contains("`dtype: float32`"))
        #expect(outcome.report?.precision?.holds == true)
        #expect(outcome.report?.awaitsApproval == false)
        #expect(try await store.versions(task: "letters").map(\.state) == [.candidate])
        #expect(try await store.live(tasks: ["letters"]).isEmpty)
    }

    // MARK: - dtype: auto

    /// No choice of layers keeps to limits below nothing: float32 does.
    @Test mutating func underAutoItIsAcceptedOverWhatTheBaseFallsBackTo() async throws {
        addRows(300)
        settings.fallsBack = true
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .promoted, "\(outcome.reason)")
        #expect(outcome.reason.contains("int8 costs too much"), "\(outcome.reason)")
        #expect(outcome.reason.contains("; the base falls back to float32 for it"), "\(outcome.reason)")
        let precision = try #require(outcome.report?.precision)
        #expect(precision.accepted == "float32" && !precision.holds && precision.dtype == "int8")
        let json = try #require(outcome.report?.json)
        #expect(VerdictReport(json: json)?.precision == precision)
        #expect(try await store.live(tasks: ["letters"]).map(\.acceptedDtype) == ["float32"])
    }

    @Test mutating func underAutoWhatLosesLittleIsAcceptedAsItIs() async throws {
        addRows(300)
        settings.fallsBack = true
        (settings.precision.accuracyLost, settings.precision.labelsChanged) = (1, 1)
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .promoted && outcome.report?.precision?.accepted == nil, "\(outcome.reason)")
        #expect(try await store.live(tasks: ["letters"]).map(\.acceptedDtype) == [nil])
    }

    @Test mutating func underAutoAPersonIsAskedForWhatFallsBack() async throws {
        addRows(300)
        settings.fallsBack = true
        settings.gate.approve = .person
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .held && outcome.report?.awaitsApproval == true, "\(outcome.reason)")
        // It counts when the person has promoted it.
        #expect(try await store.versions(task: "letters").map(\.acceptedDtype) == ["float32"])
    }

    @Test mutating func underAutoWhatCannotBeCheckedIsHeld() async throws {
        addRows(300)
        settings.fallsBack = true
        let outcome = try await run(float32Base: { throw NoBase() })
        #expect(outcome.verdict == .held && outcome.reason.contains("the folder is gone"), "\(outcome.reason)")
        #expect(try await store.versions(task: "letters").map(\.acceptedDtype) == [nil])
    }

    @Test mutating func underAutoWhatANamedTypeHeldIsReviewedAgain() async throws {
        try await holdForPrecision()
        settings.fallsBack = true
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .promoted && outcome.looks == 1, "\(outcome.reason)")
        #expect(outcome.reason.contains("layers may fall back for it now"), "\(outcome.reason)")
        #expect(try await store.live(tasks: ["letters"]).map(\.acceptedDtype) == ["float32"])
    }

    /// What fell back while it waited for the time between two promotions is held once the file names the type.
    @Test mutating func inANamedTypeWhatFellBackIsReviewedAgain() async throws {
        settings.fallsBack = true
        settings.minimumPromotionInterval = .seconds(3600)
        settings.precision.labelsChanged = -1
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let base = try float32()
        let won = try await run(labels: ["ex", "why"], clock: clock(600, after: promoted), float32Base: { base })
        #expect(won.verdict == .held && won.report?.precision?.accepted == "float32", "\(won.reason)")

        settings.fallsBack = false
        let outcome = try await run(labels: ["ex", "why"], clock: clock(3601, after: promoted), float32Base: { base })
        #expect(outcome.verdict == .held && outcome.report?.precision?.holds == true, "\(outcome.reason)")
    }

    // MARK: - A type that the file names

    @Test mutating func aChallengerThatAPersonApprovesIsHeldForItsLoss() async throws {
        addRows(300)
        settings.gate.approve = .person
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .held && outcome.report?.awaitsApproval == false, "\(outcome.reason)")
        #expect(outcome.reason.contains("int8 costs too much"))
    }

    @Test func whatCannotBeCheckedIsHeld() async throws {
        addRows(300)
        let outcome = try await run(float32Base: { throw NoBase() })
        #expect(outcome.verdict == .held && outcome.reason.contains("the folder is gone"), "\(outcome.reason)")
        #expect(outcome.report?.precision?.figures == nil)
    }

    @Test func anotherBaseInTheFolderIsNoCheck() async throws {
        addRows(300)
        let other = try TinyModel(seed: 9).base
        let outcome = try await run(float32Base: { other })
        #expect(outcome.verdict == .held && outcome.reason.contains("another base by now"), "\(outcome.reason)")
    }

    @Test func aChallengerThatLostIsNotChecked() async throws {
        try await makeChampion(trainedOn: nil)
        addRows(300)
        let outcome = try await run(labels: ["ex", "why"], float32Base: { throw NoBase() })
        #expect(outcome.verdict != .promoted && outcome.report?.precision == nil, "\(outcome.reason)")
    }

    // MARK: - Another precision while a challenger is held

    /// A challenger that won over int8, and is held for what int8 costs it.
    private mutating func holdForPrecision() async throws {
        addRows(300)
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(outcome.verdict == .held && outcome.report?.precision?.holds == true, "\(outcome.reason)")
    }

    @Test mutating func inFloat32ItIsPromotedWithoutNewRowsOrAnotherLook() async throws {
        try await holdForPrecision()
        model = try TinyModel.shared.get()
        let outcome = try await run()
        #expect(outcome.verdict == .promoted && outcome.looks == 1, "\(outcome.reason)")
        #expect(outcome.reason.contains("the base computes in float32 now"))
        #expect(outcome.report?.precision == nil)
        #expect(try await store.live(tasks: ["letters"]).map(\.version) == [1])
    }

    @Test mutating func inFloat32ItStillWaitsForAPerson() async throws {
        settings.gate.approve = .person
        try await holdForPrecision()
        model = try TinyModel.shared.get()
        let outcome = try await run()
        #expect(outcome.verdict == .held && outcome.report?.awaitsApproval == true, "\(outcome.reason)")
        #expect(outcome.reason.contains("lorikeet adapters promote letters 1"))
    }

    @Test mutating func inTheSamePrecisionItWaitsForNewRows() async throws {
        try await holdForPrecision()
        let base = try float32()
        let outcome = try await run(float32Base: { base })
        #expect(
            outcome.verdict == .skipped && outcome.reason.contains("too few to judge it again"), "\(outcome.reason)")
    }

    @Test mutating func aWinnerThatWaitedIsReviewedInThePrecisionOfNow() async throws {
        let int8 = model
        model = try TinyModel.shared.get()
        settings.minimumPromotionInterval = .seconds(3600)
        let promoted = try #require(try await makeChampion().promotedAt)
        addRows(300)
        let won = try await run(labels: ["ex", "why"], clock: clock(600, after: promoted))
        #expect(won.verdict == .held && won.report?.waitsUntil != nil, "\(won.reason)")

        model = int8
        settings.precision.labelsChanged = -1
        let base = try float32()
        let outcome = try await run(labels: ["ex", "why"], clock: clock(3601, after: promoted), float32Base: { base })
        #expect(outcome.verdict == .held && outcome.reason.contains("int8 costs too much"), "\(outcome.reason)")
        #expect(outcome.report?.precision?.holds == true && outcome.report?.waitsUntil == nil)
    }
}
