import Foundation
import Kernels
import Retraining

/// Labelled rows and the journal of retrainings, in memory.
public final class InMemoryLabelledRowSource: LabelledRowSource, RetrainingJournal {
    private struct State: Sendable {
        var rows: [String: [LabelledRow]] = [:]
        /// Oldest first.
        var texts: [String: [String]] = [:]
        var textsFailure: (any Error)?
        var records: [RetrainingRecord] = []
        var remark: String?
        /// The leases that are held, by task; each has a number of its own.
        var leases: [String: (number: Int, holder: LeaseHolder)] = [:]
        var lastLease = 0
        var now = Date(timeIntervalSince1970: 1_700_000_000)
    }

    private let state = Watched(State())

    /// Without rows.
    public init() {}

    /// All retrainings so far.
    public var records: [RetrainingRecord] { state.value.records }

    /// Adds rows, each a second after the last.
    public func add(_ rows: [(text: String, label: String)], task: String) {
        state.update { state in
            for row in rows {
                state.now += 1
                let id = Int64(state.rows[task, default: []].count + 1)
                state.rows[task, default: []].append(
                    LabelledRow(id: id, text: row.text, label: row.label, createdAt: state.now))
            }
        }
    }

    /// Adds rows of a multi-label task, each a second after the last.
    public func add(_ rows: [(text: String, labels: [String])], task: String) {
        state.update { state in
            for row in rows {
                state.now += 1
                let id = Int64(state.rows[task, default: []].count + 1)
                state.rows[task, default: []].append(
                    LabelledRow(id: id, text: row.text, labels: row.labels, createdAt: state.now))
            }
        }
    }

    /// As the protocol says.
    public func rows(task: String, limit: Int) async throws -> [LabelledRow] {
        state.value.rows[task, default: []].suffix(limit)
    }

    /// As when the rows come from a query that a person should know of.
    public func setRemark(_ remark: String?) { state.update { $0.remark = remark } }

    /// As the protocol says.
    public func remark(task: String) async throws -> String? { state.value.remark }

    /// Adds texts of the stream, each newer than the last.
    public func add(texts: [String], task: String) {
        state.update { $0.texts[task, default: []] += texts }
    }

    /// From now on, texts of the stream cannot be read.
    public func failTexts(with error: any Error) { state.update { $0.textsFailure = error } }

    /// As the protocol says.
    public func recentTexts(task: String, limit: Int) async throws -> [String] {
        let state = state.value
        if let failure = state.textsFailure { throw failure }
        return state.texts[task, default: []].suffix(limit).reversed()
    }

    /// As the protocol says.
    public func lastRetraining(task: String) async throws -> RetrainingRecord? {
        state.value.records.last { $0.task == task }
    }

    /// As the protocol says.
    public func retraining(_ id: Int64) async throws -> RetrainingRecord? {
        state.value.records.first { $0.id == id }
    }

    /// As the protocol says.
    public func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64 {
        state.update { state in
            state.now += 1
            for index in state.records.indices
            where state.records[index].task == task && state.records[index].finishedAt == nil {
                state.records[index].finishedAt = state.now
                state.records[index].verdict = .failed
            }
            let id = Int64(state.records.count + 1)
            state.records.append(
                RetrainingRecord(id: id, task: task, trigger: trigger, startedAt: state.now, champion: champion))
            return id
        }
    }

    /// As the protocol says.
    public func lastJudgement(task: String) async throws -> RetrainingRecord? {
        state.value.records.last { $0.task == task && [.promoted, .shadow, .held, .rejected].contains($0.verdict) }
    }

    /// As the protocol says, but for the state of the version, which this source does not know.
    public func lastHeld(task: String) async throws -> RetrainingRecord? {
        state.value.records.last { $0.task == task && $0.verdict == .held }
    }

    /// As the protocol says.
    public func unsuccessful(task: String, trainingDigest: String) async throws -> RetrainingRecord? {
        let state = state.value
        return state.records.last {
            $0.task == task && $0.trainingDigest == trainingDigest && [.shadow, .held, .rejected].contains($0.verdict)
                && $0.startedAt <= state.now
        }
    }

    /// As the protocol says.
    public func hasJudged(task: String, pipelineFile: String) async throws -> Bool {
        state.value.records.contains {
            $0.task == task && $0.report?.pipelineFile == pipelineFile
                && [.promoted, .shadow, .held, .rejected].contains($0.verdict)
        }
    }

    /// As the protocol says.
    public func finish(_ id: Int64, _ ending: RetrainingEnding) async throws {
        state.update { state in
            guard let index = state.records.firstIndex(where: { $0.id == id }) else { return }
            state.now += 1
            var record = state.records[index]
            record.finishedAt = state.now
            (record.verdict, record.reason, record.rowsUsed) = (ending.verdict, ending.reason, ending.rowsUsed)
            (record.challenger, record.challengerVersion) = (ending.challenger, ending.challengerVersion)
            (record.looks, record.trainingDigest, record.report) = (ending.looks, ending.trainingDigest, ending.report)
            state.records[index] = record
        }
    }

    /// As the protocol says.
    public func withLease<Value: Sendable>(
        task: String, _ body: @Sendable (any RetrainingLease) async throws -> Value
    ) async throws -> Exclusive<Value> {
        let taken: Exclusive<Int> = state.update { state in
            if let lease = state.leases[task] { return .held(by: lease.holder) }
            state.lastLease += 1
            state.leases[task] = (state.lastLease, LeaseHolder(process: "this process", since: state.now))
            return .ran(state.lastLease)
        }
        switch taken {
        case .held(let holder): return .held(by: holder)
        case .ran(let number):
            defer { state.update { if $0.leases[task]?.number == number { $0.leases[task] = nil } } }
            return .ran(try await body(Lease(state: state, task: task, number: number)))
        }
    }

    /// As when the clock of the database is set back.
    public func setClockBack(by seconds: Double) { state.update { $0.now -= seconds } }

    /// As when its holder did not renew it in time.
    public func expireLease(task: String) { state.update { $0.leases[task] = nil } }

    private struct Lease: RetrainingLease {
        let state: Watched<State>
        let task: String
        let number: Int

        var loss: String? { state.value.leases[task]?.number == number ? nil : "it expired" }
        var isTaken: Bool { loss != nil }
    }
}

extension RetrainingJournal {
    /// Records an ending without a report.
    public func finish(
        _ id: Int64, verdict: RetrainingVerdict, reason: String, rowsUsed: Int, challenger: String?
    ) async throws {
        var ending = RetrainingEnding(verdict: verdict, reason: reason)
        (ending.rowsUsed, ending.challenger) = (rowsUsed, challenger)
        try await finish(id, ending)
    }
}
