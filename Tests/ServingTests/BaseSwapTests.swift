import AdapterRegistry
import BERT
import Foundation
import TestSupport
import Testing

@testable import Serving

/// The adapters are put over the same base in a finer precision while batches run.
@Suite(.timeLimit(.minutes(5)))
struct BaseSwapTests {
    /// What a row says.
    private struct Row: Equatable, Sendable {
        let task: String
        let dtype: String
        let scores: [Double]
    }

    private let float32: BERTBase
    private let int8: BERTBase
    private static let tasks = 10
    private static let batches = 200

    init() throws {
        float32 = try TinyModel.shared.get().base
        int8 = try TinyModel(precision: BasePrecision(.int8)).base
    }

    /// The same texts each time: a text can be labelled once.
    private func plan() throws -> SwapPlan {
        try SwapPlan(seed: 11, tasks: Self.tasks, swaps: 0, batches: Self.batches)
    }

    private func adapters(_ plan: SwapPlan, over base: BERTBase) throws -> LiveAdapters {
        let live = LiveAdapters()
        for number in 0..<Self.tasks {
            let adapter = try plan.adapter("task \(number)", number)
            live.swap(
                task: "task \(number)",
                to: LiveAdapter(adapter: try adapter.adapter.over(base), version: adapter.version))
        }
        return live
    }

    private static func rows(of finished: [FinishedText]) -> [Row] {
        finished.flatMap { text -> [Row] in
            guard case .labelled(let message) = text.outcome else { return [] }
            return message.labels.map { label in
                Row(task: label.task, dtype: label.dtype, scores: label.scores.map { $0.score })
            }
        }
    }

    /// The rows of every batch over one base.
    private func expected(over base: BERTBase) throws -> [[Row]] {
        let plan = try plan()
        let snapshot = try adapters(plan, over: base).snapshot
        let classifier = Classifier(configuration: base.configuration)
        return plan.batches.map { texts in
            Self.rows(of: classifier.outcomes(of: texts.flatMap(\.waiting), snapshot: snapshot))
        }
    }

    @Test func everyRowIsOfTheBaseThatItNames() async throws {
        let (coarse, fine) = (try expected(over: int8), try expected(over: float32))
        let plan = try plan()
        let live = try adapters(plan, over: int8)
        let pool = WorkerPool(base: int8, workers: 2)
        let finished = Watched<[Int: [Row]]>([:])
        let workers = Task { await pool.run() }
        defer { workers.cancel() }
        let swapping = Task { [float32] in
            await finished.wait { $0.count >= 20 }
            try live.rebase(onto: float32)
        }
        for (number, texts) in plan.batches.enumerated() {
            // At the latest: otherwise all batches could be over before.
            if number == Self.batches / 2 { try await swapping.value }
            await pool.offers.send(
                BatchOffer(
                    take: { texts.flatMap(\.waiting) }, liveAdapters: live,
                    finish: { texts, _ in
                        let rows = Self.rows(of: texts)
                        finished.update { $0[number] = rows }
                    }))
        }
        await finished.wait { $0.count == Self.batches }
        workers.cancel()
        await workers.value
        let found = finished.value
        for number in 0..<Self.batches {
            let rows = found[number] ?? []
            let expected = rows.first?.dtype == "int8" ? coarse[number] : fine[number]
            #expect(rows.count == SwapPlan.textsPerBatch * SwapPlan.tasksPerText && rows == expected, "\(number)")
        }
        #expect(found[0]?.first?.dtype == "int8" && found[Self.batches - 1]?.first?.dtype == "float32")
        #expect(coarse.map { $0.map(\.scores) } != fine.map { $0.map(\.scores) }, "the precision matters")
    }

    @Test func aLongTextKeepsTheBaseThatItBeganWith() throws {
        let live = try adapters(try plan(), over: int8)
        let (long, short) = (try text([[2, 5, 3], [2, 6, 3]]), try text([[2, 7, 3]]))
        let classifier = Classifier(configuration: int8.configuration)
        #expect(classifier.outcomes(of: [long.waiting[1]], snapshot: live.snapshot).isEmpty)
        try live.rebase(onto: float32)
        let finished = classifier.outcomes(of: [long.waiting[0], short.waiting[0]], snapshot: live.snapshot)
        #expect(Self.rows(of: finished).map(\.dtype) == ["int8", "float32"])
    }

    private func text(_ windows: [[Int32]]) throws -> PreparedText {
        var tracker = DeliveryTracker()
        tracker.assign([SourcePartition(topic: "texts", partition: 0)])
        let origin = Origin(topic: "texts", partition: 0, offset: 0)
        let received = tracker.receive(origin, bytes: 1)
        return PreparedText(
            ticket: try #require(received), message: SourceMessage(origin: origin, payload: []), tokens: windows,
            tasks: [TaskDefinition(name: "task 0")])
    }
}
