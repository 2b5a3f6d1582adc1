import Foundation

/// A text that someone labelled, as the database keeps it.
public struct LabelledRow: Sendable, Equatable {
    public var id: Int64
    public var text: String
    /// One label, or all that hold.
    public var labels: [String]
    /// Whether the row has a set of labels, be it empty or of one: a row of a multi-label task.
    public var isSet: Bool
    public var createdAt: Date

    public init(id: Int64, text: String, label: String, createdAt: Date) {
        self.init(id: id, text: text, labels: [label], isSet: false, createdAt: createdAt)
    }

    public init(id: Int64, text: String, labels: [String], createdAt: Date) {
        self.init(id: id, text: text, labels: labels, isSet: true, createdAt: createdAt)
    }

    /// The label; of several the first, of none empty.
    public var label: String { labels.first ?? "" }

    private init(id: Int64, text: String, labels: [String], isSet: Bool, createdAt: Date) {
        self.id = id
        self.text = text
        self.labels = labels
        self.isSet = isSet
        self.createdAt = createdAt
    }
}

/// What set a retraining off.
public enum RetrainingTrigger: String, Sendable, Codable, CaseIterable {
    /// The daemon saw enough new rows.
    case rows
    /// A person, or a timer of the system's, ran the command.
    case command
}

/// How a retraining ended.
public enum RetrainingVerdict: String, Sendable, Codable, CaseIterable {
    /// The challenger is live.
    case promoted
    /// The champion stays.
    case rejected
    /// There was nothing to train with.
    case skipped
    /// It broke off.
    case failed
}

/// One run of the retraining path as `retrainings` keeps it.
public struct RetrainingRecord: Sendable, Equatable {
    public var id: Int64
    public var task: String
    public var trigger: RetrainingTrigger
    public var startedAt: Date
    /// `nil` while it runs, or if it was killed.
    public var finishedAt: Date?
    public var rowsUsed: Int
    /// Digest of the adapter that was live.
    public var champion: String?
    /// Digest of the adapter that was trained.
    public var challenger: String?
    public var verdict: RetrainingVerdict?
    public var reason: String?

    public init(
        id: Int64, task: String, trigger: RetrainingTrigger, startedAt: Date, finishedAt: Date? = nil,
        rowsUsed: Int = 0,
        champion: String? = nil, challenger: String? = nil, verdict: RetrainingVerdict? = nil, reason: String? = nil
    ) {
        self.id = id
        self.task = task
        self.trigger = trigger
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.rowsUsed = rowsUsed
        self.champion = champion
        self.challenger = challenger
        self.verdict = verdict
        self.reason = reason
    }
}

/// Where the retraining path finds rows to learn from, and where it keeps its records.
public protocol LabelledRowSource: Sendable {
    /// How many rows of a task were added after a moment; all of them for `nil`.
    func newRows(task: String, since: Date?) async throws -> Int

    /// The newest rows of a task, at most `limit` of them, oldest first (by time of creation, then by id).
    func rows(task: String, limit: Int) async throws -> [LabelledRow]

    /// The retraining of a task that began last, finished or not.
    func lastRetraining(task: String) async throws -> RetrainingRecord?

    /// Notes that a retraining begins now, and returns its id.
    func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64

    /// Notes how a retraining ended, now.
    func finish(
        _ id: Int64, verdict: RetrainingVerdict, reason: String, rowsUsed: Int, challenger: String?
    ) async throws

    /// Runs `body` while no other process retrains this task. Whoever loses the lease meanwhile must promote nothing.
    func withLock<Value: Sendable>(
        task: String, _ body: @Sendable (any RetrainingLease) async throws -> Value
    ) async throws -> Exclusive<Value>
}
