import FoundationEssentials

/// Where the retraining path records its runs, and claims the right to run.
public protocol RetrainingJournal: Sendable {
    /// The retraining of a task that began last, finished or not.
    func lastRetraining(task: String) async throws -> RetrainingRecord?

    /// Records that a retraining begins now, and returns its id.
    func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64

    /// Records that a retraining has ended now.
    func finish(
        _ id: Int64, verdict: RetrainingVerdict, reason: String, rowsUsed: Int, challenger: String?
    ) async throws

    /// Runs `body` while no other process retrains this task. If the lease is lost in the meantime, `body` must promote
    /// nothing.
    func withLease<Value: Sendable>(
        task: String, _ body: @Sendable (any RetrainingLease) async throws -> Value
    ) async throws -> Exclusive<Value>
}

/// What started a retraining.
public enum RetrainingTrigger: String, Sendable, Codable, CaseIterable {
    /// The daemon: there were enough new rows.
    case rows
    /// A person, or a timer of the system, through `lorikeet retrain`.
    case command
}

/// How a retraining ended.
public enum RetrainingVerdict: String, Sendable, Codable, CaseIterable {
    /// The challenger is live.
    case promoted
    /// The champion stays for now: the challenger is judged again with new held-out rows, or waits for a person.
    case held
    /// The champion stays.
    case rejected
    /// There were too few rows to train on or to judge by.
    case skipped
    /// It broke off.
    case failed
}

/// One retraining, as the journal keeps it.
public struct RetrainingRecord: Sendable, Equatable {
    /// Unique within the journal.
    public var id: Int64
    /// The task that was retrained.
    public var task: String
    /// What started it.
    public var trigger: RetrainingTrigger
    /// When it began.
    public var startedAt: Date
    /// `nil` while it runs, or if its process was killed.
    public var finishedAt: Date?
    /// Rows trained on and held out.
    public var rowsUsed: Int
    /// Digest of the adapter that was live.
    public var champion: String?
    /// Digest of the adapter that was trained.
    public var challenger: String?
    /// `nil` while it runs.
    public var verdict: RetrainingVerdict?
    /// The reason for the verdict, for a person.
    public var reason: String?

    /// A record; what is left out is not known yet.
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
