import AdapterRegistry
import BERT
import Foundation
import Kernels
import Pipelines
import Retraining
import TestSupport
import Testing
import Training
import WordPiece

@testable import Operations

/// What `dtype: auto` chooses, with rows from the test instead of a database.
struct PrecisionChoiceTests {
    private struct NotCalled: Error {}

    private let float32: TinyModel
    private let reduced: TinyModel
    private let adapter: Adapter
    private var limits = PrecisionLimits()

    init() throws {
        float32 = try TinyModel(damagedLayer: 1)
        reduced = try TinyModel(precision: BasePrecision(.int8), damagedLayer: 1)
        adapter = try float32.adapter(labels: ["a", "b"], seed: 3)
        limits.minimumTexts = 20
    }

    private func texts(_ count: Int) -> [String] { (0..<count).map { "text \($0) of the river" } }

    private func rows(_ count: Int) -> [LabelledText] { texts(count).map { LabelledText(text: $0, label: "a") } }

    private func choose(
        _ evidence: [PrecisionChoice.Evidence], _ instructions: IntegerInstructions = .avx2, loads: Bool = true
    ) throws -> PrecisionChoice {
        try PrecisionChoice.choose(
            float32: float32.base,
            reduced: {
                guard loads else { throw NotCalled() }
                return reduced.base
            },
            tokenizer: float32.tokenizer, evidence: evidence, limits: limits, instructions: instructions, workers: 1)
    }

    @Test func withoutInstructionsItIsFloat32() throws {
        let task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        let choice = try choose([task], .portable, loads: false)
        #expect(choice.precision == .float32 && choice.reason.contains("CPU"))
    }

    @Test func withoutWhatJudgesItIsFloat32() throws {
        let noAdapter = PrecisionChoice.Evidence(task: "bare", adapter: nil, rows: rows(40))
        let few = PrecisionChoice.Evidence(task: "few", adapter: adapter, rows: rows(3), recentTexts: texts(4))
        let good = PrecisionChoice.Evidence(task: "good", adapter: adapter, rows: rows(40))
        #expect(try choose([], loads: false).reason == "float32: there is no task to check")
        #expect(try choose([good, noAdapter], loads: false).reason.contains("task bare has no live adapter"))
        let choice = try choose([good, few], loads: false)
        #expect(choice.precision == .float32 && choice.figures.isEmpty)
        #expect(choice.reason.contains("task few has 3 labelled rows and 4 stored texts"), "\(choice.reason)")
    }

    @Test mutating func withinTheLimitsItIsInt8ByRowsAndByTexts() throws {
        (limits.accuracyLost, limits.labelsChanged) = (1, 1)
        let byRows = PrecisionChoice.Evidence(task: "rows", adapter: adapter, rows: rows(40))
        let byTexts = PrecisionChoice.Evidence(task: "texts", adapter: adapter, rows: rows(2), recentTexts: texts(30))
        let choice = try choose([byRows, byTexts])
        #expect(choice.base === reduced.base && choice.reason.hasPrefix("int8: rows: "), "\(choice.reason)")
        #expect(choice.figures["rows"]?.accuracy != nil && choice.figures["rows"]?.texts == 40)
        #expect(choice.figures["texts"]?.accuracy == nil && choice.figures["texts"]?.texts == 30)
    }

    @Test mutating func beyondTheLimitsOfAnyTaskItIsFloat32() throws {
        limits.labelsChanged = -1
        let task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        let choice = try choose([task])
        #expect(choice.precision == .float32 && choice.base === float32.base)
        #expect(choice.reason.hasPrefix("float32: int8 costs too much: t: "), "\(choice.reason)")
    }

    @Test func aBaseThatCannotBeLoadedIsAnError() {
        let task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        #expect(throws: NotCalled.self) { try choose([task], loads: false) }
    }

    // MARK: - Reading

    private func read(
        _ store: InMemoryAdapterStore, _ source: InMemoryLabelledRowSource
    ) async throws -> PrecisionChoice.Evidence {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "p.yaml",
            """
            name: p
            base: base
            source: { kafka: { brokers: "b:1", topics: [t], group: g } }
            tasks: { t: { labels: [a, b] } }
            sink: { postgres: "postgres://db" }
            """)
        let task = try #require(try PipelineFile.read(path: path).task("t"))
        return try await PrecisionChoice.Evidence.read(
            task, base: float32.base, store: store, rows: source, limits: limits)
    }

    @Test func rowsThatTheAdapterWasTrainedOnDoNotJudge() async throws {
        let (store, source) = (InMemoryAdapterStore(), InMemoryLabelledRowSource())
        #expect(try await read(store, source).adapter == nil, "nothing is live")
        let all = texts(60)
        let trained = TrainingRowSet(hashes: all.prefix(30).map { NormalizedText($0).hash64 })
        let version = try await store.publish(
            task: "t", adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: trained)
        _ = try await store.promote(task: "t", version: version.version)
        source.add(all.map { (text: $0, label: "a") }, task: "t")
        let evidence = try await read(store, source)
        #expect(evidence.adapter?.digest == adapter.digest)
        #expect(evidence.rows.map(\.text) == Array(all.dropFirst(30)) && evidence.recentTexts.isEmpty)
    }

    @Test func aLiveAdapterOfAnotherBaseCountsAsNone() async throws {
        let (store, source) = (InMemoryAdapterStore(), InMemoryLabelledRowSource())
        let other = try TinyModel(seed: 9).adapter(labels: ["a", "b"])
        let version = try await store.publish(
            task: "t", adapter: other, metrics: [:], parentDigest: nil, trainingRows: nil)
        _ = try await store.promote(task: "t", version: version.version)
        #expect(try await read(store, source).adapter == nil)
    }
}
