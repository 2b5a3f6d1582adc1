import AdapterRegistry
import BERT
import FoundationEssentials
import Threading

/// Stores a judged challenger: live, in shadow, rejected, or as a candidate that is held. Doing it again changes
/// nothing more, so it may be repeated after a failure.
struct Settlement {
    let pipeline: RetrainingPipeline
    let task: String
    /// The version that was live when the challenger was trained.
    let champion: AdapterVersion?
    /// The retraining, for the registry.
    let retraining: Int64
    let judgement: RetrainingRun.Judgement

    /// As often as somebody may be faster.
    private static let mostAttempts = 3

    func outcome() async throws -> RetrainingOutcome {
        for _ in 1..<Self.mostAttempts {
            // Somebody promoted something or rolled back since the versions were read: what they are now decides.
            do { return try await attempt() } catch AdapterStoreError.hasChanged {}
        }
        return try await attempt()
    }

    private func attempt() async throws -> RetrainingOutcome {
        let store = pipeline.store
        let version = try await store.publish(
            task: task, adapter: judgement.challenger, metrics: judgement.metrics, parentDigest: champion?.digest,
            trainingRows: judgement.trainingRows)
        // Before a promotion: daemons read it when they take the adapter in use.
        if let reference = judgement.driftReference {
            try await (store as? any DriftReferenceStore)?.store(reference)
        }
        // The same: they may have to fall back first.
        if let accepted = judgement.outcome.report?.precision?.accepted.flatMap({ BasePrecision($0) }) {
            try await store.accept(task: task, version: version.version, over: accepted)
        }
        var outcome = judgement.outcome
        outcome.challengerVersion = version.version
        var decision = judgement.decision
        var expected: ExpectedVersions?
        if version.state != .live { expected = try await reconsider(&decision, version, &outcome) }
        switch decision.verdict {
        case .promoted where version.state != .live:
            let promotion = Promotion(by: "retraining \(retraining)", reason: decision.reason)
            _ = try await store.promote(task: task, version: version.version, promotion, expecting: expected)
        case .shadow:
            if let terms = outcome.report?.shadow?.terms { try await startShadow(version, terms, expected, &outcome) }
        case .rejected where version.state == .candidate || version.state == .shadow:
            try await store.reject(task: task, version: version.version)
        default: break
        }
        if let replaced = judgement.replaces, replaced.version != version.version,
            decision.verdict == .promoted || decision.findings.awaitsApproval && decision.verdict == .held
        {
            try await store.reject(task: task, version: replaced.version)
            outcome.notes.append("version \(replaced.version), which waited for a person, is rejected in its favour")
        }
        if decision.verdict == .held, decision.findings.awaitsApproval {
            outcome.notes.append("to promote it, run: lorikeet adapters promote \(task) \(version.version)")
        }
        outcome.verdict = decision.verdict
        outcome.reason = ([decision.reason] + outcome.notes).joined(separator: "; ")
        return outcome
    }

    /// Takes into account what the registry says of this version and of the champion.
    ///
    /// - Returns: what the decision is based on.
    private func reconsider(
        _ decision: inout GateDecision, _ version: AdapterVersion, _ outcome: inout RetrainingOutcome
    ) async throws -> ExpectedVersions? {
        guard decision.verdict == .promoted || decision.verdict == .held else { return nil }
        let live = try await pipeline.store.live(tasks: [task]).first
        func reject(_ reason: String) { (decision.verdict, decision.reason) = (.rejected, reason) }
        if version.promotedAt != nil {
            reject(Self.wasLive(version))
        } else if live?.digest != champion?.digest {
            reject("another adapter went live while the challenger was trained")
        } else if decision.verdict == .held, version.state == .rejected {
            reject("\(decision.reason); version \(version.version) is the same, bit for bit, and was rejected before")
        } else if let terms = shadowTerms(decision, live) {
            let date = pipeline.now.addingTimeInterval(terms.seconds).formatted(.iso8601)
            outcome.report?.shadow = VerdictReport.Shadow(terms: terms)
            decision.verdict = .shadow
            decision.reason +=
                "; it first labels beside the champion, at least until \(date) and for \(terms.minimumTexts) texts "
                + "(retrain.shadow)"
        } else if decision.verdict == .promoted, let date = earliestPromotion(live), date > pipeline.now {
            outcome.report?.waitsUntil = date.timeIntervalSince1970
            decision.verdict = .held
            decision.reason += "; it is promoted after \(date.formatted(.iso8601)), by minimum_promotion_interval"
        }
        return ExpectedVersions(live: live?.digest, state: version.state)
    }

    // MARK: - Shadow

    /// On which terms a challenger that won labels beside the champion first; nil if it need not, or if no champion
    /// labels over this base.
    private func shadowTerms(_ decision: GateDecision, _ live: AdapterVersion?) -> ShadowTerms? {
        let settings = pipeline.settings.shadow
        let isApproved = decision.verdict == .promoted
        guard settings.duration > .zero, isApproved || decision.findings.awaitsApproval, let live,
            decision.findings.opponent == .champion
        else { return nil }
        return settings.terms(
            retraining: retraining, champion: live.digest,
            wait: earliestPromotion(live)?.timeIntervalSince(pipeline.now) ?? 0, awaitsApproval: !isApproved)
    }

    private func startShadow(
        _ version: AdapterVersion, _ terms: ShadowTerms, _ expected: ExpectedVersions?,
        _ outcome: inout RetrainingOutcome
    ) async throws {
        let replaced = try await pipeline.store.shadows(tasks: [task]).first
        _ = try await pipeline.store.startShadow(task: task, version: version.version, terms, expecting: expected)
        guard let replaced, replaced.version != version.version else { return }
        outcome.notes.append("version \(replaced.version), which was in shadow, is rejected in its favour")
    }

    /// Nil: at once. A promotion that is dated in the future was recorded before a clock was set back, and does not
    /// count: nothing would be promoted until then.
    private func earliestPromotion(_ live: AdapterVersion?) -> Date? {
        let interval = pipeline.settings.minimumPromotionInterval.inSeconds
        let latest = pipeline.now.addingTimeInterval(RetrainingSchedule.clockSkew)
        guard interval > 0, let last = live?.promotedAt, last <= latest else { return nil }
        return last.addingTimeInterval(interval)
    }

    /// Why a challenger that equals an old version is not promoted. What was live once returns only if a person says
    /// so; otherwise a retraining on the same rows would undo a rollback.
    private static func wasLive(_ version: AdapterVersion) -> String {
        let name = "version \(version.version)"
        let past = version.state == .rejected ? "was rolled back" : "was live and was replaced"
        return "the challenger is \(name), bit for bit, which \(past); to bring it back, run: "
            + "lorikeet adapters promote \(version.task) \(version.version)"
    }
}
