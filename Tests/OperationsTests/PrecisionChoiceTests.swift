import AdapterRegistry
import BERT
import Foundation
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
        _ evidence: [PrecisionChoice.Evidence], _ candidates: [DataType] = [.int8], loads: Bool = true,
        isOver: () -> Bool = { false }
    ) throws -> PrecisionChoice {
        try PrecisionChoice.choose(
            float32: float32.base, candidates: candidates,
            reduced: { type in
                guard loads else { throw NotCalled() }
                return type == .int8
                    ? reduced.base : try TinyModel(precision: BasePrecision(type), damagedLayer: 1).base
            },
            tokenizer: float32.tokenizer, evidence: evidence, limits: limits, workers: 1, isOver: isOver)
    }

    /// Texts of which the adapter is sure, with the labels that it gives them: the damaged layer changes some of them,
    /// and the rounding of others none.
    private var sureTask: PrecisionChoice.Evidence {
        let all = (0..<400).map { "\($0 * 7_919) x\($0) \($0 % 13)" }
        let predictions = Evaluator(base: float32.base, tokenizer: float32.tokenizer, workers: 1)
            .predictions(texts: all, adapter: adapter)
        let rows = zip(all, predictions).sorted { $0.1.score > $1.1.score }.prefix(100)
        return PrecisionChoice.Evidence(
            task: "t", adapter: adapter, rows: rows.map { LabelledText(text: $0, labels: $1.labels) })
    }

    @Test func withoutInstructionsItIsFloat32() throws {
        let task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        let choice = try choose([task], [], loads: false)
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

    /// int8 destroys layer 1, and bfloat16 does not.
    @Test mutating func layersThatCostTooMuchFallBackToTheNextType() throws {
        (limits.accuracyLost, limits.labelsChanged) = (0.05, 0.05)
        let task = sureTask
        for (candidates, type) in [([DataType.int8], DataType.float32), ([.int8, .bfloat16], .bfloat16)] {
            let choice = try choose([task], candidates)
            #expect(choice.precision.dataType == .int8, "\(choice.reason)")
            #expect(choice.precision.exceptions[.init(layer: 1, group: .output)] == type, "\(choice.reason)")
            #expect(Set(choice.precision.exceptions.values) == [type])
            #expect(choice.reason.hasPrefix("int8 in part: int8 costs too much: t: "), "\(choice.reason)")
            #expect(choice.reason.contains("layer 1 feed-forward output"), "\(choice.reason)")
            #expect(choice.reason.contains(" in \(type): t: ") && choice.figures["t"]?.isWithinLimits == true)
        }
    }

    /// A search that takes too long is none; the next type as a whole is still checked.
    @Test mutating func theNextTypeIsTheNextCandidate() throws {
        (limits.accuracyLost, limits.labelsChanged) = (0.05, 0.05)
        let choice = try choose([sureTask], [.int8, .bfloat16], isOver: { true })
        #expect(choice.precision == BasePrecision(.bfloat16), "\(choice.reason)")
        #expect(choice.reason.hasPrefix("bfloat16: int8 costs too much: t: "), "\(choice.reason)")
        #expect(choice.reason.contains("; the search took too long; bfloat16: t: "), "\(choice.reason)")
        #expect(choice.figures["t"]?.verdict == .ok)
    }

    @Test mutating func whatIsTooLossyInEveryTypeIsFloat32() throws {
        limits.labelsChanged = -1
        let choice = try choose([sureTask], [.int8, .bfloat16])
        #expect(choice.precision == .float32 && choice.base === float32.base && choice.figures.isEmpty)
        #expect(choice.reason.hasPrefix("float32: int8 costs too much: t: "), "\(choice.reason)")
        #expect(choice.reason.contains("; bfloat16 layers do not help enough; bfloat16 costs too much: t: "))
        #expect(choice.reason.hasSuffix("; float32 layers do not help enough"), "\(choice.reason)")
    }

    /// A restart measures anew, with other rows than those that judged a version before it went live.
    @Test mutating func noLayerIsCoarserThanWhereALiveVersionWasAccepted() throws {
        (limits.accuracyLost, limits.labelsChanged) = (1, 1)
        var task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        let choice = try choose([task])
        let measured = ServingPrecision(choice, [task])
        #expect(measured.precision == BasePrecision(.int8) && measured.base === reduced.base)
        let accepted = BasePrecision(.int8).keeping([.init(layer: 0, group: .output)], in: .bfloat16)
        task.accepted = accepted
        let serving = ServingPrecision(choice, [task])
        // A CPU without instructions for bfloat16 would compute slowly in it.
        #expect(serving.precision == accepted.onThisCPU && serving.base == nil)
        let reason = try #require(serving.reason)
        #expect(reason.hasSuffix("; the live version of t was accepted over \(accepted)"), "\(reason)")
    }

    @Test func aBaseThatCannotBeLoadedIsAnError() {
        let task = PrecisionChoice.Evidence(task: "t", adapter: adapter, rows: rows(40))
        #expect(throws: NotCalled.self) { try choose([task], loads: false) }
    }

    // MARK: - Reading

    /// What is known of the first task of a pipeline.
    ///
    /// - Parameter tasks: as the pipeline file has them.
    private func read(
        _ store: InMemoryAdapterStore, _ source: InMemoryLabelledRowSource, tasks: String = "t: { labels: [a, b] }"
    ) async throws -> PrecisionChoice.Evidence {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "p.yaml",
            """
            name: p
            base: base
            source: { kafka: { brokers: "b:1", topics: [t], group: g } }
            tasks: { \(tasks) }
            sink: { postgres: "postgres://db" }
            """)
        let pipeline = try PipelineFile.read(path: path)
        let evidence = try await PrecisionChoice.Evidence.read(
            pipeline.tasks, of: [pipeline], loaded: try LoadedBase(BaseFolder(float32.directory)), store: store,
            rows: source, limits: limits)
        return try #require(evidence.first)
    }

    @Test func rowsThatTheAdapterWasTrainedOnDoNotJudge() async throws {
        let (store, source) = (InMemoryAdapterStore(), InMemoryLabelledRowSource())
        #expect(try await read(store, source).adapter == nil, "nothing is live")
        let all = texts(60)
        let trained = TrainingRowSet(hashes: all.prefix(30).map { NormalizedText($0).hash64 })
        let version = try await store.publish(
            task: "t", adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: trained)
        _ = try await store.promote(task: "t", version: version.version)
        try await store.accept(task: "t", version: version.version, over: .float32)
        source.add(all.map { (text: $0, label: "a") }, task: "t")
        let evidence = try await read(store, source)
        #expect(evidence.adapter?.digest == adapter.digest && evidence.accepted == .float32)
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

    /// Before its first start, a daemon has published no adapter.
    @Test func anAdapterInAFolderIsJudgedAsOneInTheRegistry() async throws {
        let (store, source) = (InMemoryAdapterStore(), InMemoryLabelledRowSource())
        let folder = try TemporaryFolder()
        let all = texts(60)
        let trained = TrainingRowSet(hashes: all.prefix(30).map { NormalizedText($0).hash64 })
        try AdapterFolder.write(adapter, trainedOn: trained, to: folder.path + "/first")
        source.add(all.map { (text: $0, label: "a") }, task: "t")
        let tasks = "t: { labels: [a, b], adapter: \"\(folder.path)/first\" }"
        let evidence = try await read(store, source, tasks: tasks)
        #expect(evidence.adapter?.digest == adapter.digest)
        #expect(evidence.rows.map(\.text) == Array(all.dropFirst(30)))
    }

    @Test func aTaskWithoutTextsIsJudgedByThoseOfAnother() async throws {
        let (store, source) = (InMemoryAdapterStore(), InMemoryLabelledRowSource())
        for task in ["t", "u"] {
            let version = try await store.publish(
                task: task, adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: nil)
            _ = try await store.promote(task: task, version: version.version)
        }
        let tasks = "t: { labels: [a, b] }, u: { labels: [a, b] }"
        source.add(texts: texts(limits.minimumTexts - 1), task: "u")
        #expect(try await read(store, source, tasks: tasks).recentTexts.isEmpty)
        source.add(texts: ["one more"], task: "u")
        #expect(try await read(store, source, tasks: tasks).recentTexts.count == limits.minimumTexts)
    }
}
