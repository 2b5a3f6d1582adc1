import Training

/// The result of one retraining.
public struct RetrainingOutcome: Sendable {
    /// The task that was retrained.
    public var task: String
    /// How it ended.
    public var verdict: RetrainingVerdict
    /// The reason for the verdict, for a person.
    public var reason: String
    /// What became of the rows.
    public var rows = RowSummary()
    /// Digest of the adapter that was live before.
    public var champion: String?
    /// Digest of the adapter that was trained.
    public var challenger: String?
    /// The challenger's version in the registry.
    public var challengerVersion: Int?
    /// How often the challenger was judged; 0 if there is none.
    public var looks = 0
    /// Identifies the training rows, the settings and the gate; nil if there was no training to consider.
    public var trainingDigest: String?
    /// What the verdict rests on.
    public var report: VerdictReport?
    /// What the reason says besides.
    var notes: [String] = []
    /// Wall time of the retraining.
    public var seconds = 0.0

    /// The champion on the held-out rows.
    public var championEvaluation: Evaluation? { report?.champion }
    /// The challenger on the same rows.
    public var challengerEvaluation: Evaluation? { report?.challenger }

    /// An outcome without adapters.
    public init(task: String, verdict: RetrainingVerdict, reason: String) {
        self.task = task
        self.verdict = verdict
        self.reason = reason
    }
}
