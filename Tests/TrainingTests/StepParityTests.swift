import Foundation
import Testing

@testable import BERT
@testable import Training

/// Ten optimizer steps as PyTorch and PEFT took them; see Fixtures/steps.py.
struct StepParityTests {
    private struct Fixture: Decodable {
        struct Batch: Decodable {
            var ids: [[Int32]]
            var targets: [Int]?
            /// Of a multi-label task.
            var sets: [[Int]]?

            func targets(of texts: [Int]) -> TextTargets {
                (sets.map(TextTargets.sets) ?? .classes(targets ?? [])).at(texts)
            }
        }
        var rate: Float
        var weightDecay: Float
        var warmup: Float
        var clipping: Float
        var weights: [Float]?
        var smoothing: Float?
        var batches: [Batch]
        var losses: [Double]
        var norms: [Double]

        enum CodingKeys: String, CodingKey {
            case rate, warmup, clipping, weights, smoothing, batches, losses, norms
            case weightDecay = "weight_decay"
        }
    }

    @Test(
        arguments: [
            "bert-plain", "bert-everything", "bert-upper", "bert-sets", "distilbert-plain", "distilbert-everything",
        ], [1, 2])
    func tenStepsEqualPyTorchs(name: String, passes count: Int) throws {
        let folder = try #require(Bundle.module.url(forResource: "steps", withExtension: nil, subdirectory: "Fixtures"))
            .path
        let fixture = try JSONDecoder().decode(Fixture.self, from: try contents(folder + "/\(name)/steps.json"))
        let tensors = try tensors(folder + "/\(name)/steps.safetensors")
        let base = try BERTBase(directory: folder + "/" + (name.hasPrefix("distil") ? "distilbert" : "bert"))
        let adapter = try TrainableAdapter(
            continuing: try Adapter.load(directory: folder + "/" + name, base: base), base: base)
        let schedule = LearningRateSchedule(peak: fixture.rate, warmup: fixture.warmup, steps: fixture.batches.count)
        var optimizer = AdapterOptimizer(adapter, weightDecay: fixture.weightDecay, clipping: fixture.clipping)
        let passes = (0..<count).map { _ in TrainingPass(base: base, adapter: adapter) }
        let gradients = (0..<count).map { _ in FloatBuffer(count: adapter.parameterCount) }

        for (step, batch) in fixture.batches.enumerated() {
            let loss = accumulate(batch, fixture, passes, gradients)
            #expect(abs(loss - fixture.losses[step]) < 1e-5 * fixture.losses[step], "loss of step \(step)")
            for tensor in adapter.tensors {
                let expected = try #require(tensors["\(step).\(tensor.name)"])
                let found = tensor.range.map { index in gradients.reduce(Float(0)) { $0 + $1.values[index] } }
                #expect(deviation(found, expected) < 1e-4, "gradient of \(tensor.name) in step \(step)")
            }
            let norm = optimizer.step(gradients, rate: schedule.rate(at: step))
            #expect(abs(norm - fixture.norms[step]) < 1e-4 * fixture.norms[step], "norm of step \(step)")
        }
        #expect(Set(adapter.tensors.map { "final." + $0.name }) == Set(tensors.keys.filter { $0.hasPrefix("final.") }))
        for tensor in adapter.tensors {
            let expected = try #require(tensors["final.\(tensor.name)"])
            #expect(deviation(Array(adapter.values[tensor.range]), expected) < 1e-4, "\(tensor.name)")
        }
    }

    /// The gradient of the batch's mean loss, each pass over a share of its texts; returns that loss.
    private func accumulate(
        _ batch: Fixture.Batch, _ fixture: Fixture, _ passes: [TrainingPass], _ gradients: [FloatBuffer]
    ) -> Double {
        let weights = fixture.weights
        let divisor =
            batch.targets.flatMap { targets in weights.map { weights in targets.reduce(0) { $0 + weights[$1] } } }
            ?? Float(batch.ids.count)
        var loss = 0.0
        for (number, (pass, gradient)) in zip(passes, gradients).enumerated() {
            let texts = batch.ids.indices.filter { $0 % passes.count == number }
            gradient.clear()
            loss += Double(
                pass.accumulateGradient(
                    batch: PackedBatch(texts.map { batch.ids[$0] }), targets: batch.targets(of: texts),
                    lossScale: 1 / divisor,
                    classWeights: weights, labelSmoothing: fixture.smoothing ?? 0, into: gradient.values))
        }
        return loss / Double(divisor)
    }

    /// The largest difference, divided by the largest value.
    private func deviation(_ found: [Float], _ expected: [Float]) -> Float {
        guard found.count == expected.count else { return .infinity }
        let largest = expected.reduce(0) { max($0, abs($1)) }
        return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func tensors(_ path: String) throws -> [String: [Float]] {
        try Array(contents(path)).withUnsafeBytes { bytes in
            let reader = try SafetensorsReader(bytes)
            return try Dictionary(uniqueKeysWithValues: reader.names.map { ($0, try reader.floats($0)) })
        }
    }
}
