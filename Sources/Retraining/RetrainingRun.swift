import AdapterRegistry
import BERT
import Drift
import FoundationEssentials
import LogKeys
import Logging
import Threading
import Training

/// One retraining of a task, from its rows to a decision. Nothing is stored yet: ``Settlement`` does that.
struct RetrainingRun {
    let pipeline: RetrainingPipeline
    let task: String
    /// The live version.
    let champion: AdapterVersion?
    private let trigger: RetrainingTrigger
    private let requestedLabels: [String]
    private let requestedMultiLabel: Bool?
    private let progress: @Sendable (TrainingProgress) -> Void
    private let isCancelled: @Sendable () -> Bool
    /// What the reason of the verdict says besides.
    private var notes: [String] = []
    /// A challenger that waits for a person, and that a better one replaces.
    private var waiting: AdapterVersion?

    init(
        pipeline: RetrainingPipeline, task: String, trigger: RetrainingTrigger, requestedLabels: [String],
        requestedMultiLabel: Bool?,
        champion: AdapterVersion?, progress: @escaping @Sendable (TrainingProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) {
        (self.pipeline, self.task, self.champion, self.trigger) = (pipeline, task, champion, trigger)
        (self.requestedLabels, self.requestedMultiLabel) = (requestedLabels, requestedMultiLabel)
        (self.progress, self.isCancelled) = (progress, isCancelled)
    }

    /// How a run went.
    enum Course: Sendable {
        /// There is nothing to judge.
        case skipped(RetrainingOutcome)
        case judged(Judgement)
    }

    /// A challenger that is trained and judged. What follows may have to wait for the database.
    struct Judgement: Sendable {
        var challenger: Adapter
        var decision: GateDecision
        var metrics: [String: Double]
        /// The rows that the challenger was trained on; nil: unknown.
        var trainingRows: TrainingRowSet?
        /// What texts that it was not trained on are like to it; nil if there are too few, or if it was stored when it
        /// was trained.
        var driftReference: DriftReference?
        /// A challenger that waits for a person, and that this one replaces if it wins.
        var replaces: AdapterVersion?
        /// Complete but for the verdict, its reason and the version.
        var outcome: RetrainingOutcome
    }

    /// What the whole run needs.
    struct Context {
        let champion: LoadedChampion
        let rows: [LabelledRow]
        let labels: [String]
        let isMultiLabel: Bool
    }

    mutating func course() async throws -> Course {
        let rows = try await pipeline.rows.rows(task: task, limit: pipeline.settings.maximumRows)
        if rows.count >= pipeline.settings.maximumRows {
            pipeline.logger.notice(
                "only the newest rows are used", metadata: [LogKey.task: "\(task)", LogKey.rows: "\(rows.count)"])
            notes.append("only the newest \(rows.count) rows are used (maximum_rows)")
        }
        if let remark = try await pipeline.rows.remark(task: task) {
            warn("query of labelled rows reads labels of the daemon", remark)
            notes.append("retrain.query \(remark)")
        }
        let champion = try await LoadedChampion(champion, pipeline: pipeline)
        let context = Context(
            champion: champion, rows: rows, labels: taskLabels(rows: rows, champion: champion.manifest),
            isMultiLabel: requestedMultiLabel ?? champion.manifest?.isMultiLabel ?? (rows.last?.isSet ?? false))
        if let reason = try await newerPipelineFile(labels: context.labels) {
            return .skipped(outcome(.skipped, reason, dataset(context, newest: .share(0)), context))
        }
        let held = try await HeldChallenger.find(task: task, champion: self.champion, context, pipeline: pipeline)
        switch held {
        case .none: break
        case .waits(let version): waiting = version
        case .discard(let version, let reason):
            try await pipeline.store.reject(task: task, version: version.version)
            notes.append("version \(version.version), which was held, is rejected: \(reason)")
        case .judge(let challenger): return try await judgedAgain(challenger, context)
        }
        return try await trained(context)
    }

    /// Two daemons with different pipeline files for one task must not replace each other's adapters by turns. Whose
    /// file was used before another one that names other labels, or another base, trains nothing, unless a person says
    /// so.
    private func newerPipelineFile(labels: [String]) async throws -> String? {
        guard trigger != .command, let own = pipeline.settings.pipelineFile,
            let last = try await pipeline.journal.lastJudgement(task: task), let report = last.report,
            let newer = report.pipelineFile, newer != own,
            let difference = try await difference(of: last, report, labels: labels),
            try await pipeline.journal.hasJudged(task: task, pipelineFile: own)
        else { return nil }
        let labels = difference == .labels ? ": " + report.labels.joined(separator: ", ") : ""
        return "a newer pipeline file (\(newer)) names \(difference.rawValue) since retraining \(last.id)\(labels); "
            + "to make this file (\(own)) the newer one, run lorikeet retrain"
    }

    private enum FileDifference: String {
        case labels = "other labels"
        case base = "another base"
    }

    /// Why the challenger of a retraining cannot stand for one of this file; nil if it can.
    private func difference(
        of last: RetrainingRecord, _ report: VerdictReport, labels: [String]
    ) async throws -> FileDifference? {
        if Set(report.labels) != Set(labels) { return .labels }
        let versions = try await pipeline.store.versions(task: task)
        let challenger = versions.first { $0.version == last.challengerVersion }
        return challenger.map { $0.baseDigest == pipeline.base.digest } ?? true ? nil : .base
    }

    private func taskLabels(rows: [LabelledRow], champion: AdapterManifest?) -> [String] {
        if !requestedLabels.isEmpty { return requestedLabels }
        return champion?.labels ?? Set(rows.flatMap(\.labels)).filter { !$0.isEmpty }.sorted()
    }

    private func dataset(_ context: Context, newest: NewestRows, challenger: TrainingRowSet? = nil) -> Dataset {
        let settings = pipeline.settings
        return Dataset(
            rows: context.rows, labels: context.labels, mapping: settings.mapping,
            holdOut: settings.holdOut, newest: newest, champion: context.champion.trainingRows,
            challenger: challenger, trust: settings.trust, isMultiLabel: context.isMultiLabel)
    }

    /// The labels of the live version, as the task calls them now.
    private func championLabels(_ context: Context) -> [String] {
        pipeline.settings.mapping.current(context.champion.manifest?.labels ?? [])
    }

    // MARK: - A new challenger

    private mutating func trained(_ context: Context) async throws -> Course {
        let dataset = dataset(context, newest: .share(pipeline.settings.newestShare))
        note(dataset, context)
        if let reason = obstacle(dataset, context) {
            return .skipped(outcome(.skipped, reason, dataset, context))
        }
        let distillation = try await distillation(dataset, context)
        let training = ChallengerTraining(
            dataset: dataset, context: context, distillation: distillation, pipeline: pipeline)
        let digest = training.digest
        if let earlier = try await pipeline.journal.unsuccessful(task: task, trainingDigest: digest) {
            var outcome = outcome(.skipped, Self.sameAgain(earlier), dataset, context)
            outcome.trainingDigest = digest
            return .skipped(outcome)
        }
        let stream = await stream()
        let challenger = try await training.challenger(progress: progress, isCancelled: isCancelled)
        if let distillation = challenger.distillation { notes.append(distillation.sentence) }
        var judgement = try await judgement(
            challenger.adapter, training.trainingRows, dataset, context, look: 1, looks: 1)
        judgement.outcome.trainingDigest = digest
        note(challenger, in: &judgement)
        judgement.driftReference = await training.driftReference(of: challenger.adapter, stream: stream)
        judgement.outcome.report?.distillation = challenger.distillation
        judgement.replaces = waiting
        return .judged(judgement)
    }

    /// What holds a new challenger to the champion; nil: nothing, which is noted if it should.
    private mutating func distillation(
        _ dataset: Dataset, _ context: Context
    ) async throws -> ChallengerDistillation? {
        switch try await ChallengerDistillation.find(task: task, dataset, context, pipeline: pipeline) {
        case .none: return nil
        case .teach(let distillation): return distillation
        case .impossible(let reason):
            notes.append("the challenger is not distilled from the champion (retrain.distillation): \(reason)")
            return nil
        }
    }

    /// The newest texts of the stream, for the drift reference: twice as many as it uses, because the challenger may
    /// have been trained on some. Read before the training: it must not be lost because they cannot be read.
    private func stream() async -> [String] {
        guard pipeline.settings.storesTexts else { return [] }
        do {
            return try await pipeline.rows.recentTexts(task: task, limit: 2 * ReferenceMeasurement.maximumTexts)
        } catch {
            warn("stored texts cannot be read, the drift reference is of held-out rows", "\(error)")
            return []
        }
    }

    private static func sameAgain(_ earlier: RetrainingRecord) -> String {
        let version = earlier.challengerVersion.map { "version \($0)" } ?? "an earlier challenger"
        let state =
            switch earlier.verdict {
            case .held: "is held"
            case .shadow: "is in shadow"
            case .promoted: "was rolled back"
            default: "lost"
            }
        return
            "the rows to train on and the settings are those of \(version), which \(state) (retraining \(earlier.id))"
    }

    /// Why training would be pointless; `nil` if it would not.
    private func obstacle(_ dataset: Dataset, _ context: Context) -> String? {
        let settings = pipeline.settings
        if settings.gate.unknownTrainingRows == .refuse, hasUnknownRows(context) {
            return "nothing would be promoted: " + GateReason.unknownTrainingRows
        }
        let training = dataset.training.count
        guard training >= settings.minimumTraining else {
            return Quantity.text(training, "row to train on is", "rows to train on are") + " too few: "
                + Quantity.required(settings.minimumTraining)
        }
        let labels = Set(dataset.training.flatMap(\.labels))
        if context.isMultiLabel {
            guard !labels.isEmpty else { return "no row to train on has a label" }
        } else {
            guard labels.count > 1 else { return "all rows to train on have the same label" }
        }
        let heldOut = max(dataset.heldOut.count, dataset.newest.count)
        guard heldOut >= settings.gate.minimumHoldOut else {
            let seen = dataset.summary.seen
            let more = seen > 0 ? "; the champion was trained on \(seen) more" : ""
            return Quantity.text(heldOut, "held-out row is", "held-out rows are") + " too few to judge: "
                + Quantity.required(settings.gate.minimumHoldOut) + more
        }
        return nil
    }

    /// Whether the champion may have been trained on the held-out rows.
    private func hasUnknownRows(_ context: Context) -> Bool {
        context.champion.adapter != nil && context.champion.trainingRows == nil
    }

    // MARK: - A challenger that is held

    private mutating func judgedAgain(_ held: HeldChallenger, _ context: Context) async throws -> Course {
        let since = held.report.newestSince.map { Date(timeIntervalSince1970: $0) } ?? held.record.startedAt
        let dataset = dataset(context, newest: .since(since), challenger: held.trainingRows)
        note(dataset, context)
        let version = held.stored.version.version
        if let until = held.report.waitsUntil {
            let rest = until - pipeline.now.timeIntervalSince1970
            // A clock was set back since, if that is further away than the interval. The settlement sees what counts.
            let longest = pipeline.settings.minimumPromotionInterval.inSeconds + RetrainingSchedule.clockSkew
            guard rest <= 0 || rest > longest else {
                let date = Date(timeIntervalSince1970: until).formatted(.iso8601)
                let reason = "version \(version) won; it is promoted after \(date), by minimum_promotion_interval"
                return .skipped(outcome(.skipped, reason, dataset, context))
            }
            return .judged(try await winner(held, "the time between two promotions has passed", dataset, context))
        }
        if held.isHeldByPrecision, let reason = held.reviewReason(pipeline) {
            return .judged(try await winner(held, reason, dataset, context))
        }
        let required = HeldChallenger.requiredRows(
            heldOut: held.report.rows.heldOut, minimum: pipeline.settings.gate.minimumHoldOut)
        let new = dataset.heldOutTimes.count { $0 > held.record.startedAt }
        guard new >= required || held.isUnblocked(by: dataset.summary) else {
            let reason =
                "version \(version) is held, and "
                + Quantity.text(new, "new held-out row is", "new held-out rows are") + " too few to judge it again, "
                + Quantity.required(required)
            return .skipped(outcome(.skipped, reason, dataset, context))
        }
        let looks = held.record.looks + 1
        var judgement = try await judgement(
            held.adapter, held.trainingRows, dataset, context, look: held.nextLook, looks: looks)
        judgement.outcome.trainingDigest = held.record.trainingDigest
        judgement.outcome.report?.recipe = held.report.recipe
        judgement.outcome.report?.distillation = held.report.distillation
        let decision = judgement.decision
        if decision.verdict == .held, looks >= pipeline.settings.maximumLooks {
            judgement.decision.verdict = .rejected
            judgement.decision.reason =
                "\(decision.reason); it was judged \(Quantity.text(looks, "time")), as often as is "
                + "allowed"
        }
        return .judged(judgement)
    }

    /// A challenger that won before. Only the precision of the base is reviewed, if that would end otherwise by now.
    private func winner(
        _ held: HeldChallenger, _ reason: String, _ dataset: Dataset, _ context: Context
    ) async throws -> Judgement {
        var winner = held.winner(
            outcome(.promoted, "", dataset, context), reason: reason,
            needsApproval: pipeline.settings.gate.approve == .person)
        guard held.reviewReason(pipeline) != nil else { return winner }
        try await review(&winner, dataset)
        return winner
    }

    // MARK: - The verdict

    /// Whether the precision of the base costs a challenger that won too much.
    private func review(_ judgement: inout Judgement, _ dataset: Dataset) async throws {
        let precision = try await PrecisionReview(pipeline: pipeline, task: task, isCancelled: isCancelled)
            .result(judgement.challenger, on: dataset.heldOut + dataset.newest)
        PrecisionReview.apply(precision, to: &judgement.decision)
        judgement.outcome.report?.precision = precision
        judgement.outcome.report?.findings = judgement.decision.findings
    }

    /// - Parameters:
    ///   - look: the number of this look at the rows; those that could not judge do not count.
    ///   - looks: how many times the challenger has been judged.
    private func judgement(
        _ challenger: Adapter, _ trainingRows: TrainingRowSet?, _ dataset: Dataset, _ context: Context, look: Int,
        looks: Int
    ) async throws -> Judgement {
        let comparison = try await HeldOutComparison(
            challenger: challenger, champion: context.champion.adapter,
            championLabels: championLabels(context), dataset: dataset, labels: context.labels,
            pipeline: pipeline)
        var evidence = comparison.evidence
        evidence.look = look
        evidence.hasChangedLabels = Set(context.champion.manifest?.labels ?? []) != Set(context.labels)
        evidence.hasUnknownTrainingRows = trainingRows == nil || hasUnknownRows(context)
        var decision = PromotionGate(pipeline.settings.gate).decision(evidence)
        if challenger.digest == champion?.digest {
            (decision.verdict, decision.reason) = (.rejected, "the challenger is the champion, bit for bit")
        }
        var outcome = outcome(decision.verdict, decision.reason, dataset, context)
        (outcome.challenger, outcome.looks) = (challenger.digest, looks)
        outcome.report?.findings = decision.findings
        outcome.report?.challenger = comparison.challengerEvaluation
        outcome.report?.champion = comparison.championEvaluation
        outcome.report?.trainingRange = trainingRows?.range
        var judgement = Judgement(
            challenger: challenger, decision: decision, metrics: comparison.metrics, trainingRows: trainingRows,
            outcome: outcome)
        if decision.verdict == .promoted || decision.findings.awaitsApproval {
            try await review(&judgement, dataset)
        }
        return judgement
    }

    private func outcome(
        _ verdict: RetrainingVerdict, _ reason: String, _ dataset: Dataset, _ context: Context
    ) -> RetrainingOutcome {
        var outcome = RetrainingOutcome(
            task: task, verdict: verdict, reason: ([reason] + notes).joined(separator: "; "))
        outcome.notes = notes
        outcome.rows = dataset.summary
        outcome.champion = champion?.digest
        outcome.report = VerdictReport(
            rows: dataset.summary, labels: context.labels, pipelineFile: pipeline.settings.pipelineFile)
        outcome.report?.newestSince = dataset.newestSince?.timeIntervalSince1970
        return outcome
    }

    /// Says how the challenger was trained, and what is wrong with it: in the log, in the report and in the reason of
    /// the verdict. The held-out rows show more than its own training saw.
    private func note(_ challenger: ChallengerTraining.Challenger, in judgement: inout Judgement) {
        var account = challenger.account
        var findings = challenger.candidate.findings
        if let evaluation = judgement.outcome.challengerEvaluation {
            findings = challenger.candidate.findings(on: evaluation)
            account.findings = findings.map(\.description)
        }
        judgement.outcome.report?.recipe = account
        judgement.outcome.notes += [account.retry].compactMap(\.self) + account.findings
        if let retry = account.retry { warn("training started again with a lower rate", retry) }
        for finding in findings { warn(Self.event(finding), finding.description) }
    }

    private func warn(_ event: Logger.Message, _ reason: String) {
        pipeline.logger.warning(event, metadata: [LogKey.task: "\(task)", LogKey.reason: "\(reason)"])
    }

    /// What the log calls a finding. One that leaves an adapter to be judged is no failure of the training.
    static func event(_ finding: TrainingFinding) -> Logger.Message {
        switch finding {
        case .collapsed, .diverged, .notFinite: "training collapsed or diverged"
        case .missed: "challenger never predicts some labels"
        case .overfitted: "challenger overfits"
        }
    }

    /// Says which rows were left out, in the log and in the reason of the verdict.
    private mutating func note(_ dataset: Dataset, _ context: Context) {
        let summary = dataset.summary
        if summary.contradictory > 0 {
            notes.append(
                Quantity.text(summary.contradictory, "text has", "texts have")
                    + " rows with different labels, "
                    + (pipeline.settings.trust.isEmpty
                        ? "of which the newest counts" : "of which those with the most trust count"))
        }
        let unusable = UnusableRowsDescription(
            summary, labels: context.labels, mapping: pipeline.settings.mapping,
            former: Set(championLabels(context)).subtracting(context.labels))
        guard let sentence = unusable.sentence else { return }
        notes.append(sentence)
        var metadata: Logger.Metadata = [
            LogKey.task: "\(task)", LogKey.unusableRows: "\(summary.unusable)", LogKey.rows: "\(summary.read)",
        ]
        if summary.withUnknownLabels > 0 { metadata[LogKey.unknownLabels] = "\(unusable.unknownLabels)" }
        pipeline.logger.warning("some labelled rows are unusable", metadata: metadata)
    }
}
