import AdapterRegistry
import Foundation
import TestSupport

@testable import Serving

/// Which adapters go live between which batches: the same for the same seed.
struct SwapPlan: Sendable {
    static let textsPerBatch = 8
    static let tasksPerText = 5

    struct Swap: Sendable {
        let task: String
        let number: Int
        /// After so many batches have begun.
        let moment: Int
    }

    let swaps: [Swap]
    /// The live digests after each number of swaps.
    let sets: [[String: String]]
    let batches: [[PreparedText]]
    private let seed: UInt64

    init(seed: UInt64, tasks: Int, swaps count: Int, batches: Int) throws {
        self.seed = seed
        var random = TestRandom(seed: seed)
        let moments = (0..<count).map { _ in Int.random(in: 0..<batches, using: &random) }.sorted()
        swaps = moments.enumerated().map { number, moment in
            let task = "task \(Int.random(in: 0..<tasks, using: &random))"
            return Swap(task: task, number: tasks + number, moment: moment)
        }
        var set: [String: String] = [:]
        for number in 0..<tasks {
            let task = "task \(number)"
            set[task] = try Self.adapter(task, number, seed).adapter.digest
        }
        var sets = [set]
        for swap in swaps {
            set[swap.task] = try Self.adapter(swap.task, swap.number, seed).adapter.digest
            sets.append(set)
        }
        self.sets = sets
        self.batches = Self.batches(batches, tasks: tasks, using: &random)
    }

    /// The adapter that a swap brings; the first ones of the tasks have the numbers before. It is made anew each time,
    /// so that the plan keeps none alive.
    func adapter(_ task: String, _ number: Int) throws -> LiveAdapter { try Self.adapter(task, number, seed) }

    private static func adapter(_ task: String, _ number: Int, _ seed: UInt64) throws -> LiveAdapter {
        let adapter = try TinyModel.shared.get().adapter(labels: ["a", "b"], seed: seed &* 1000 &+ UInt64(number))
        let version = AdapterVersion(
            task: task, version: number, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
            createdAt: Date(timeIntervalSince1970: 0))
        return LiveAdapter(adapter: adapter, version: version)
    }

    /// Batches of random texts, each with some of the tasks.
    private static func batches(_ count: Int, tasks: Int, using random: inout TestRandom) -> [[PreparedText]] {
        var tracker = DeliveryTracker()
        tracker.assign([SourcePartition(topic: "texts", partition: 0)])
        return (0..<count).map { _ in
            (0..<textsPerBatch).map { _ in
                let origin = Origin(topic: "texts", partition: 0, offset: Int64(tracker.inFlight))
                guard let ticket = tracker.receive(origin, bytes: 0) else { preconditionFailure("not assigned") }
                let tokens = (0..<Int.random(in: 3...12, using: &random)).map { _ in
                    Int32.random(in: 5...40, using: &random)
                }
                let tasks = (0..<tasks).shuffled(using: &random).prefix(tasksPerText)
                return PreparedText(
                    ticket: ticket, message: SourceMessage(origin: origin, payload: []), tokens: [tokens],
                    tasks: tasks.map { TaskDefinition(name: "task \($0)") })
            }
        }
    }
}
