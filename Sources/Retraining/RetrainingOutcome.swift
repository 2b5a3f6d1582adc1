import Training

/// What one run of the retraining path came to.
public struct RetrainingOutcome: Sendable {
    public var task: String
    public var verdict: RetrainingVerdict
    /// In words, for a person.
    public var reason: String
    public var rows = RowSummary()
    /// Digest of the adapter that was live before.
    public var champion: String?
    /// Digest of the adapter that was trained.
    public var challenger: String?
    /// Its version in the registry.
    public var challengerVersion: Int?
    /// The champion on the held-out rows.
    public var championEvaluation: Evaluation?
    /// The challenger on the same rows.
    public var challengerEvaluation: Evaluation?
    public var seconds = 0.0

    public init(task: String, verdict: RetrainingVerdict, reason: String) {
        self.task = task
        self.verdict = verdict
        self.reason = reason
    }
}

/// What became of the rows that were read.
public struct RowSummary: Sendable, Equatable {
    /// Rows read.
    public var read = 0
    /// Rows whose text came again later: the newest label counts.
    public var duplicates = 0
    /// Rows without text.
    public var empty = 0
    /// Rows by the label that they have and the task does not; a row of a multi-label task counts once per such label.
    public var unknownLabels: [String: Int] = [:]
    /// Rows with such a label, each counted once.
    public var withUnknownLabels = 0
    /// Rows with a label that the champion gives and the task has given up.
    public var withRetiredLabels = 0
    /// Rows with a set of labels where the task gives one, or the other way round.
    public var otherKind = 0
    /// Rows to train on, after all that.
    public var training = 0
    /// Rows held out.
    public var heldOut = 0

    public init() {}

    /// Rows that were used.
    public var used: Int { training + heldOut }

    /// Rows that should have been usable and were not.
    public var unusable: Int { withUnknownLabels + empty + otherKind }
}
