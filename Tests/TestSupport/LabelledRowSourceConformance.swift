import Foundation
import Kernels
import Retraining

/// What every source of labelled rows and journal of retrainings promises; run on fresh ones.
public struct LabelledRowSourceConformance: Sendable {
    private let source: any LabelledRowSource & RetrainingJournal
    private let add: @Sendable ([(text: String, label: String)], String) async throws -> Void
    private let expire: @Sendable (String) async throws -> Void

    /// - Parameters:
    ///   - source: empty as far as tasks `color` and `shape` go.
    ///   - add: adds rows to a task as a user's own system would, each later than the one before.
    ///   - expire: lets the lease on retraining a task expire, as when its holder was killed.
    public init(
        source: any LabelledRowSource & RetrainingJournal,
        add: @escaping @Sendable (_ rows: [(text: String, label: String)], _ task: String) async throws -> Void,
        expire: @escaping @Sendable (_ task: String) async throws -> Void
    ) {
        self.source = source
        self.add = add
        self.expire = expire
    }

    /// Throws ``ConformanceFailure`` at the first promise that is not kept.
    public func run() async throws {
        try await readsRows()
        try await keepsRecords()
        try await remembersJudgements()
        try await locksOneTask()
        try await leasesExpire()
    }

    private func readsRows() async throws {
        try require(try await source.rows(task: "color", limit: 10).isEmpty, "a fresh source has no rows")
        try await add([("sky", "blue"), ("grass", "green"), ("sky", "gray")], "color")
        try await add([("ball", "round")], "shape")
        let rows = try await source.rows(task: "color", limit: 10)
        try require(rows.map(\.text) == ["sky", "grass", "sky"], "rows come oldest first")
        try require(rows.map(\.label) == ["blue", "green", "gray"], "rows have their labels")
        try require(Set(rows.map(\.id)).count == 3, "rows have ids of their own")
        let newest = try await source.rows(task: "color", limit: 2).map(\.text)
        try require(newest == ["grass", "sky"], "a limit keeps the newest rows")
    }

    private func keepsRecords() async throws {
        try require(try await source.lastRetraining(task: "color") == nil, "a fresh source has no records")
        let id = try await source.begin(task: "color", trigger: .rows, champion: nil)
        let open = try await source.lastRetraining(task: "color")
        try require(
            open?.id == id && open?.finishedAt == nil && open?.verdict == nil, "a retraining that runs has no end")
        try await source.finish(id, verdict: .rejected, reason: "worse", rowsUsed: 3, challenger: nil)
        let done = try await source.lastRetraining(task: "color")
        try require(done?.verdict == .rejected && done?.reason == "worse" && done?.rowsUsed == 3, "the end is kept")
        try require(done?.finishedAt.map { $0 >= done?.startedAt ?? $0 } == true, "the end is after the beginning")
        try require(done?.trigger == .rows, "the trigger is kept")
        let second = try await source.begin(task: "color", trigger: .command, champion: nil)
        try require(try await source.lastRetraining(task: "color")?.id == second, "the last retraining is the newest")
        try require(try await source.lastRetraining(task: "shape") == nil, "tasks have records of their own")
    }

    private func remembersJudgements() async throws {
        func end(_ verdict: RetrainingVerdict, digest: String) async throws -> Int64 {
            let id = try await source.begin(task: "size", trigger: .schedule, champion: "live")
            var ending = RetrainingEnding(verdict: verdict, reason: "because")
            (ending.challengerVersion, ending.looks, ending.trainingDigest) = (7, 2, digest)
            try await source.finish(id, ending)
            return id
        }
        try require(try await source.lastJudgement(task: "size") == nil, "a fresh source has no judgements")
        let held = try await end(.held, digest: "one")
        _ = try await end(.promoted, digest: "two")
        _ = try await end(.skipped, digest: "three")
        let last = try await source.lastJudgement(task: "size")
        try require(last?.verdict == .promoted && last?.trigger == .schedule, "skipped retrainings judge nothing")
        try require(
            last?.challengerVersion == 7 && last?.looks == 2 && last?.trainingDigest == "two",
            "what is known of the challenger is kept")
        let lost = try await source.unsuccessful(task: "size", trainingDigest: "one")
        try require(lost?.id == held && lost?.verdict == .held, "a training that did not succeed is found")
        try require(
            try await source.unsuccessful(task: "size", trainingDigest: "two") == nil, "one that succeeded is not")
        try require(
            try await source.unsuccessful(task: "color", trainingDigest: "one") == nil,
            "tasks have judgements of their own")
    }

    private func locksOneTask() async throws {
        let source = source
        let nested = try await source.withLease(task: "color") { lease in
            let same = try await source.withLease(task: "color") { _ in true }
            let other = try await source.withLease(task: "shape") { _ in true }
            return (same, other, lease.loss)
        }.value
        try require(nested?.0.value == nil, "one retraining a task at a time")
        try require(nested?.0.holder?.process.isEmpty == false, "the one who retrains is named")
        try require(nested?.1.value == true, "tasks do not wait for one another")
        try require(nested?.2 == nil, "a lease that is held is not lost")
        let again = try await source.withLease(task: "color") { _ in 7 }
        try require(again.value == 7, "a lease that was given back can be had again")
        do {
            _ = try await source.withLease(task: "color") { _ in throw ConformanceFailure(description: "on purpose") }
            try require(false, "what the body throws comes through")
        } catch let failure as ConformanceFailure where failure.description == "on purpose" {}
        let free = try await source.withLease(task: "color") { _ in true }
        try require(free.value == true, "a body that throws gives the lease back")
    }

    private func leasesExpire() async throws {
        let (source, expire) = (source, expire)
        let hasTaken = Watched(false)
        let mayEnd = Watched(false)
        let successor = try await source.withLease(task: "color") { _ in
            try await expire("color")
            let successor = Task {
                try await source.withLease(task: "color") { _ in
                    hasTaken.update { $0 = true }
                    await mayEnd.wait { $0 }
                }.value != nil
            }
            await hasTaken.wait { $0 }
            return successor
        }.value
        // The first one has ended; what it gave back was no longer its own.
        let third = try await source.withLease(task: "color") { _ in true }
        mayEnd.update { $0 = true }
        try require(try await successor?.value == true, "a lease that expired is the next one's")
        try require(third.value == nil, "whoever lost a lease does not give back its successor's")
    }
}
