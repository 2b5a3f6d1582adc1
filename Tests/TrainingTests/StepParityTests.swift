import BERT
import Foundation
import Kernels
import Testing
import WordPiece

@testable import Training

/// Ten optimiser steps as PyTorch and PEFT took them; see Fixtures/steps.py.
struct StepParityTests {
    private struct Fixture: Decodable {
        struct Batch: Decodable {
            var ids: [[Int32]]
            var targets: [Int]
        }
        var steps: Int
        var rate: Float
        var weightDecay: Float
        var warmup: Float
        var clipping: Float
        var batches: [Batch]
        var losses: [Double]
        var norms: [Double]
        var final: [String: [Float]]

        enum CodingKeys: String, CodingKey {
            case steps, rate, warmup, clipping, batches, losses, norms, final
            case weightDecay = "weight_decay"
        }
    }

    @Test(arguments: [1, 2]) func tenStepsEqualPyTorchs(workers count: Int) throws {
        let url = try #require(Bundle.module.url(forResource: "steps", withExtension: "json", subdirectory: "Fixtures"))
        let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appendingPathComponent("BERTTests/Fixtures/bert").path
        let base = try BERTBase(directory: folder)
        let adapter = try TrainableAdapter(
            continuing: try Adapter.load(directory: folder + "/adapters/plain", base: base), base: base)
        let schedule = LearningRateSchedule(peak: fixture.rate, warmup: fixture.warmup, steps: fixture.steps)
        var optimizer = AdapterOptimizer(adapter, weightDecay: fixture.weightDecay, clipping: fixture.clipping)
        let rows = TrainingRows(
            labels: adapter.labels, sequences: fixture.batches.flatMap(\.ids), targets: fixture.batches.flatMap(\.targets))
        let workers = (0..<count).map { _ in TrainingWorker(base: base, adapter: adapter, rows: rows) }
        var first = 0
        for (step, batch) in fixture.batches.enumerated() {
            let places = Array(first..<first + batch.ids.count)
            first += batch.ids.count
            for (worker, share) in zip(workers, BatchPlan.shares(places, lengths: rows.lengths, workers: count)) {
                worker.compute(
                    TrainingWorker.Share(
                        rows: share, states: share.map { _ in nil }, firstSequence: 0, lossScale: 1 / Float(places.count), dropout: nil))
            }
            let loss = workers.reduce(0) { $0 + $1.loss } / Double(places.count)
            #expect(abs(loss - fixture.losses[step]) < 1e-5 * fixture.losses[step], "loss of step \(step)")
            let norm = optimizer.step(workers.map(\.gradient), rate: schedule.rate(at: step))
            #expect(abs(norm - fixture.norms[step]) < 1e-4 * fixture.norms[step], "norm of step \(step)")
        }
        #expect(Set(adapter.tensors.map(\.name)) == Set(fixture.final.keys))
        for tensor in adapter.tensors {
            let expected = try #require(fixture.final[tensor.name])
            let scale = expected.reduce(0) { max($0, abs($1)) }
            let worst = zip(adapter.values[tensor.range], expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
            #expect(worst < 1e-4 * scale, "\(tensor.name): \(worst) of \(scale)")
        }
    }
}
