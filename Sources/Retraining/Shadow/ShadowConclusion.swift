import AdapterRegistry
import Threading

/// Ends the shadow of a challenger: promotes it, holds it for a person, or rejects it.
///
/// Of all daemons of a task one does it, under the lease on retraining it. The journal gets a record of its own, whose
/// trigger is `shadow`.
public struct ShadowConclusion: Sendable {
    private let store: any AdapterStore
    private let journal: any RetrainingJournal
    private let labels: any ShadowLabelSource
    private let clock: Clock

    /// - Parameters:
    ///   - store: where the challenger is in shadow.
    ///   - journal: where the verdict is recorded, and the lease is acquired.
    ///   - labels: where the labels of both are counted.
    ///   - clock: for waiting until the journal can be written.
    public init(
        store: any AdapterStore, journal: any RetrainingJournal, labels: any ShadowLabelSource, clock: Clock = .system
    ) {
        (self.store, self.journal, self.labels, self.clock) = (store, journal, labels, clock)
    }

    /// How a shadow ended.
    public struct Ending: Sendable, Equatable {
        /// The challenger's version.
        public let version: Int
        /// `promoted`, `held` or `rejected`.
        public let verdict: RetrainingVerdict
        /// Why, for a person.
        public let reason: String
    }

    /// Ends the shadow of a task whose time has passed and that has texts enough, or whose time limit has passed.
    ///
    /// - Returns: nil if it goes on, if there is none, or if another process holds the lease.
    public func run(task: String) async throws -> Ending? {
        // Asked before the lease is acquired, which may keep a retraining of a person from starting.
        guard let version = try await store.shadows(tasks: [task]).first, let terms = version.shadow?.terms,
            case let progress = try await labels.progress(of: version), progress.suffices(for: terms)
        else { return nil }
        return try await conclude(task: task, version: version.version) { version, terms in
            let comparison = try await labels.comparison(of: version)
            // Rows may have been removed since they were counted.
            guard comparison.texts >= terms.minimumTexts || progress.isOverdue(by: terms) else { return nil }
            return (ShadowDecision(comparison, terms, version: version.version), comparison)
        }
    }

    /// Ends the shadow of a challenger that cannot label. It is rejected if it can label nowhere. If it only does not
    /// fit the pipeline file here, it is held, as by a daemon that it fits and that has too few texts: which of the two
    /// is faster must make no difference.
    ///
    /// - Parameter fitsElsewhere: whether it may label in other processes.
    /// - Returns: nil if it is not in shadow any more, or if another process holds the lease.
    public func fail(
        task: String, version: Int, reason: String, fitsElsewhere: Bool = false
    ) async throws -> Ending? {
        try await conclude(task: task, version: version) { version, _ in
            let decision =
                fitsElsewhere
                ? ShadowDecision(unfit: reason, version: version.version)
                : ShadowDecision(failed: reason, version: version.version)
            // Figures that cannot be read must not keep it in shadow.
            return (decision, (try? await labels.comparison(of: version)) ?? ShadowComparison())
        }
    }

    private typealias Decided = (decision: ShadowDecision, comparison: ShadowComparison)

    private func conclude(
        task: String, version number: Int,
        _ decide: @Sendable (AdapterVersion, ShadowTerms) async throws -> Decided?
    ) async throws -> Ending? {
        let result = try await journal.withLease(task: task) { _ -> Ending? in
            // Another daemon may have ended it, or a person have promoted something.
            guard let version = try await store.shadows(tasks: [task]).first, version.version == number,
                let terms = version.shadow?.terms
            else { return nil }
            let champion = try await store.live(tasks: [task]).first
            guard champion?.digest == terms.champion else {
                let decision = ShadowDecision(failed: "another version is live", version: number)
                return try await settle((decision, ShadowComparison()), version, terms, champion: champion?.digest)
            }
            guard let decided = try await decide(version, terms) else { return nil }
            // Counting may take minutes. A person who promoted something or rolled back meanwhile has the last word.
            // The change itself expects the same; this keeps the journal free of decisions that come to nothing.
            guard try await isStill(version, terms) else { return nil }
            return try await settle(decided, version, terms, champion: champion?.digest)
        }
        return result.value ?? nil
    }

    /// Whether the same shadow goes on, beside the same champion.
    private func isStill(_ version: AdapterVersion, _ terms: ShadowTerms) async throws -> Bool {
        let now = try await store.shadows(tasks: [version.task]).first
        guard now?.version == version.version, now?.shadow == version.shadow else { return false }
        return try await store.live(tasks: [version.task]).first?.digest == terms.champion
    }

    /// - Returns: nil if the versions have changed since the decision was made: then that stays.
    private func settle(
        _ decided: Decided, _ version: AdapterVersion, _ terms: ShadowTerms, champion: String?
    ) async throws -> Ending? {
        let (task, decision) = (version.task, decided.decision)
        let won = try await journal.retraining(terms.retraining)
        let waiting = try await journal.lastHeld(task: task)
        let id = try await journal.begin(task: task, trigger: .shadow, champion: champion)
        var reason = decision.reason
        let expected = ExpectedVersions(live: champion, state: .shadow, shadow: version.shadow)
        do {
            switch decision.verdict {
            case .promoted:
                let promotion = Promotion(by: "retraining \(id)", reason: reason)
                _ = try await store.promote(task: task, version: version.version, promotion, expecting: expected)
            case .rejected: try await store.reject(task: task, version: version.version, expecting: expected)
            default: try await store.endShadow(task: task, version: version.version, expecting: expected)
            }
            if decision.verdict != .rejected, let replaced = try await replace(waiting, by: version) {
                reason += "; version \(replaced), which waited for a person, is rejected in its favour"
            }
            if decision.awaitsApproval {
                reason += "; to promote it, run: lorikeet adapters promote \(task) \(version.version)"
            }
        } catch AdapterStoreError.hasChanged(let task) {
            let reason = "\(AdapterStoreError.hasChanged(task: task)): the shadow had ended"
            try await record(id, RetrainingEnding(verdict: .skipped, reason: reason))
            return nil
        } catch {
            try? await journal.finish(id, RetrainingEnding(verdict: .failed, reason: "\(error)"))
            throw error
        }
        try await record(id, Self.ending(decided, reason: reason, version, terms, won))
        return Ending(version: version.version, verdict: decision.verdict, reason: reason)
    }

    /// Rejects a challenger that waits for a person, in favor of a newer one.
    private func replace(_ waiting: RetrainingRecord?, by version: AdapterVersion) async throws -> Int? {
        guard let waiting, waiting.report?.awaitsApproval == true, let number = waiting.challengerVersion,
            number != version.version,
            let candidate = try await store.versions(task: version.task).first(where: { $0.version == number }),
            candidate.state == .candidate
        else { return nil }
        try await store.reject(task: version.task, version: number)
        return number
    }

    /// With the report of the retraining in which the challenger won.
    private static func ending(
        _ decided: Decided, reason: String, _ version: AdapterVersion, _ terms: ShadowTerms, _ won: RetrainingRecord?
    ) -> RetrainingEnding {
        var ending = RetrainingEnding(verdict: decided.decision.verdict, reason: reason)
        (ending.challenger, ending.challengerVersion) = (version.digest, version.version)
        (ending.looks, ending.trainingDigest) = (won?.looks ?? 0, won?.trainingDigest)
        ending.report = won?.report
        ending.report?.findings?.awaitsApproval = decided.decision.awaitsApproval
        ending.report?.shadow = VerdictReport.Shadow(terms: terms, comparison: decided.comparison)
        return ending
    }

    /// What is done is done, so an outage now only delays its record.
    private func record(_ id: Int64, _ ending: RetrainingEnding) async throws {
        var waits = Backoff(BackoffSettings(initial: .seconds(1), ceiling: .seconds(15)))
        while true {
            do { return try await journal.finish(id, ending) } catch {
                guard waits.attempts < 5 else { throw error }
                try await clock.sleep(waits.next())
            }
        }
    }
}
