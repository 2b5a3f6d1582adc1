import AdapterRegistry
import BERT

/// A challenger that a verdict left undecided. It is judged again, without being trained again, once there are enough
/// new held-out rows. Until then no other challenger of the task is trained.
struct HeldChallenger {
    /// The retraining that held it last.
    let record: RetrainingRecord
    let report: VerdictReport
    private let findings: GateFindings
    let stored: StoredAdapter
    /// The rows that it was trained on; nil: unknown.
    let trainingRows: TrainingRowSet?
    let adapter: Adapter

    /// What to do about a held challenger.
    enum Finding {
        /// There is none.
        case none
        case judge(HeldChallenger)
        /// It waits for a person. Meanwhile others may be trained.
        case waits(AdapterVersion)
        /// It cannot win any more, for this reason.
        case discard(AdapterVersion, reason: String)
    }

    static func find(
        task: String, champion: AdapterVersion?, _ context: RetrainingRun.Context, pipeline: RetrainingPipeline
    ) async throws -> Finding {
        guard let record = try await pipeline.journal.lastHeld(task: task),
            let number = record.challengerVersion
        else { return .none }
        let versions = try await pipeline.store.versions(task: task)
        // A person may have promoted or rejected it in the meantime.
        guard let version = versions.first(where: { $0.version == number }), version.state == .candidate else {
            return .none
        }
        if champion?.digest != record.champion {
            return .discard(version, reason: "another version went live while it was held")
        }
        if let own = try await pipeline.journal.lastRetraining(task: task), own.startedAt < record.startedAt {
            return .discard(version, reason: "the clock of the database has been set back since then")
        }
        guard let report = record.report, let findings = report.findings else {
            return .discard(version, reason: "the report of retraining \(record.id) cannot be read")
        }
        if report.awaitsApproval { return .waits(version) }
        guard version.baseDigest == pipeline.base.digest else {
            return .discard(version, reason: "the pipeline file names another base now")
        }
        let stored = try await pipeline.store.load(digest: version.digest)
        guard Set(stored.manifest.labels) == Set(context.labels), stored.manifest.isMultiLabel == context.isMultiLabel
        else { return .discard(version, reason: "the labels of the task have changed") }
        let rows = try await pipeline.store.trainingRows(digest: version.digest)
        do {
            let adapter = try Adapter(manifest: stored.manifest, weights: stored.weights, base: pipeline.base)
            return .judge(
                HeldChallenger(
                    record: record, report: report, findings: findings, stored: stored, trainingRows: rows,
                    adapter: adapter))
        } catch {
            return .discard(version, reason: "\(error)")
        }
    }

    /// How many new held-out rows it takes to judge it again: a quarter of those that it was judged by, but not more
    /// than a held-out set needs to count.
    ///
    /// - Parameters:
    ///   - heldOut: those that it was judged by.
    ///   - minimum: what a held-out set needs.
    static func requiredRows(heldOut: Int, minimum: Int) -> Int { max(1, min(minimum, (heldOut + 3) / 4)) }

    /// Whether the rows that kept it from being judged have been corrected since, at least some of them.
    func isUnblocked(by rows: RowSummary) -> Bool { !findings.couldJudge && rows.unusable < report.rows.unusable }

    /// The number of the next look at the rows.
    var nextLook: Int { findings.couldJudge ? findings.look + 1 : findings.look }

    /// Whether it won, and only the precision of the base kept it from being promoted.
    var isHeldByPrecision: Bool { report.precision?.holds ?? false }

    /// Why what the base's precision costs it must be reviewed again; nil if it was reviewed as it would be now.
    func reviewReason(_ pipeline: RetrainingPipeline) -> String? {
        let precision = pipeline.base.precision
        guard (report.precision?.dtype ?? BasePrecision.float32.description) == precision.description else {
            return "the base computes in \(precision) now"
        }
        if pipeline.settings.fallsBack { return isHeldByPrecision ? "layers may fall back for it now" : nil }
        return report.precision?.accepted == nil ? nil : "no layers fall back for it any more"
    }

    /// The judgement of a challenger that won before, and only had to wait.
    ///
    /// - Parameters:
    ///   - reason: why it need not wait any more.
    ///   - needsApproval: whether a person must promote it.
    func winner(
        _ outcome: RetrainingOutcome, reason: String, needsApproval: Bool
    ) -> RetrainingRun.Judgement {
        var outcome = outcome
        outcome.challenger = stored.version.digest
        (outcome.looks, outcome.trainingDigest) = (record.looks, record.trainingDigest)
        outcome.report = report
        outcome.report?.waitsUntil = nil
        var findings = findings
        findings.awaitsApproval = needsApproval
        let reason = "version \(stored.version.version) won in retraining \(record.id), and \(reason)"
        return RetrainingRun.Judgement(
            challenger: adapter,
            decision: GateDecision(verdict: needsApproval ? .held : .promoted, reason: reason, findings: findings),
            metrics: stored.version.metrics, trainingRows: trainingRows, outcome: outcome)
    }
}
