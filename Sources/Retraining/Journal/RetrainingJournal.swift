import FoundationEssentials

/// Where the retraining path records its runs, and claims the right to run.
public protocol RetrainingJournal: Sendable {
    /// The retraining of a task that began last, finished or not.
    func lastRetraining(task: String) async throws -> RetrainingRecord?

    /// The retraining with this id; nil if there is none.
    func retraining(_ id: Int64) async throws -> RetrainingRecord?

    /// Records that a retraining begins now, and returns its id.
    func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64

    /// The retraining of a task that judged a challenger last: promoted, in shadow, held or rejected.
    func lastJudgement(task: String) async throws -> RetrainingRecord?

    /// The last retraining of a task that held a challenger which is still a candidate.
    func lastHeld(task: String) async throws -> RetrainingRecord?

    /// The last retraining of a task with this training digest whose challenger lost, is held or in shadow, or was
    /// rolled back.
    func unsuccessful(task: String, trainingDigest: String) async throws -> RetrainingRecord?

    /// Whether a pipeline file with this digest has judged a challenger of a task.
    func hasJudged(task: String, pipelineFile: String) async throws -> Bool

    /// Records that a retraining has ended now.
    func finish(_ id: Int64, _ ending: RetrainingEnding) async throws

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
    /// The daemon: the live adapter was too old.
    case age
    /// The daemon: the schedule said so, or a challenger that won has waited for long enough.
    case schedule
    /// The daemon: the texts have changed.
    case drift
    /// A person, or a timer of the system, through `lorikeet retrain`.
    case command
    /// The daemon: the shadow of a challenger ended. Nothing was trained.
    case shadow
}

/// How a retraining ended.
public enum RetrainingVerdict: String, Sendable, Codable, CaseIterable {
    /// The challenger is live.
    case promoted
    /// The challenger won, and labels beside the champion before it goes live.
    case shadow
    /// The champion stays for now: the challenger is judged again with new held-out rows, or waits for a person.
    case held
    /// The champion stays.
    case rejected
    /// There were too few rows to train on or to judge by.
    case skipped
    /// It broke off.
    case failed
}

/// How a retraining ended, for the journal.
public struct RetrainingEnding: Sendable, Equatable {
    /// How it ended.
    public var verdict: RetrainingVerdict
    /// The reason for the verdict, for a person.
    public var reason: String
    /// Rows trained on and held out.
    public var rowsUsed = 0
    /// Digest of the adapter that was trained, or judged again.
    public var challenger: String?
    /// Its version.
    public var challengerVersion: Int?
    /// How often the challenger was judged; 0 if there is none.
    public var looks = 0
    /// Identifies the training rows, the settings and the gate.
    public var trainingDigest: String?
    /// What the verdict rests on.
    public var report: VerdictReport?

    /// An ending without a challenger.
    public init(verdict: RetrainingVerdict, reason: String) { (self.verdict, self.reason) = (verdict, reason) }

    init(_ outcome: RetrainingOutcome) {
        self.init(verdict: outcome.verdict, reason: outcome.reason)
        (rowsUsed, challenger, challengerVersion) = (outcome.rows.used, outcome.challenger, outcome.challengerVersion)
        (looks, trainingDigest, report) = (outcome.looks, outcome.trainingDigest, outcome.report)
    }
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
    /// Version of the challenger.
    public var challengerVersion: Int?
    /// How often the challenger was judged; 0 if there is none.
    public var looks = 0
    /// Identifies the training rows, the settings and the gate.
    public var trainingDigest: String?
    /// What the verdict rests on; `nil` if there is none, or if this program cannot read it.
    public var report: VerdictReport?

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
