import AdapterRegistry
import BERT
import FoundationEssentials
import LogKeys
import Logging
import Threading
import Training
import WordPiece

/// The retraining path, from labelled rows to a live adapter. ``RetrainingSchedule`` decides when. The stages, in
/// order, each a type of its own:
///
/// 1. ``RetrainingJournal`` gives this process the lease on the task, and records that a retraining begins.
/// 2. ``LabelledRowSource`` gives the newest rows of the task.
/// 3. `Dataset` keeps each text once, with its newest label, and leaves out what the task cannot use.
/// 4. `HeldOutSplit` sets aside the rows that no adapter is trained on: by a hash of the text, and the newest ones.
/// 5. `ChallengerTraining` trains the challenger, from the champion if that is possible. While a challenger is held,
///    `HeldChallenger` is judged again instead.
/// 6. `HeldOutComparison` evaluates challenger and champion on the held-out rows that neither was trained on.
/// 7. ``PromotionGate`` decides. If the precision of the base costs a winner too much, `PrecisionReview` holds it, or
///    finds the layers that have to be finer for it.
/// 8. `Settlement` stores the challenger: live, held or rejected. The serving path hears of it from the `AdapterStore`.
/// 9. ``RetrainingJournal`` records the verdict and what it rests on.
///
/// `RetrainingRun` runs stages 2 to 7.
public struct RetrainingPipeline: Sendable {
    let base: BERTBase
    let otherBase: (@Sendable (DataType) throws -> BERTBase)?
    let tokenizer: WordPieceTokenizer
    let store: any AdapterStore
    let rows: any LabelledRowSource
    let settings: RetrainingSettings
    let logger: Logger
    let journal: any RetrainingJournal
    private let clock: Clock
    private let isUnavailability: @Sendable (any Error) -> Bool

    /// - Parameters:
    ///   - base: the base that challengers run over.
    ///   - tokenizer: that of the base.
    ///   - store: where the champion is read, and the challenger stored.
    ///   - rows: where labelled rows are read.
    ///   - journal: where retrainings are recorded, and the lease is acquired.
    ///   - clock: for waiting, and for the time between promotions.
    ///   - otherBase: loads the same base in another type. If `base` is not in float32, the one that is checks a
    ///     challenger that won; nil: it is not checked.
    ///   - isUnavailability: whether an error of store or journal means that it may work again later.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, store: any AdapterStore, rows: any LabelledRowSource,
        journal: any RetrainingJournal, settings: RetrainingSettings, logger: Logger, clock: Clock = .system,
        otherBase: (@Sendable (DataType) throws -> BERTBase)? = nil,
        isUnavailability: @escaping @Sendable (any Error) -> Bool = { !($0 is AdapterStoreError) }
    ) {
        self.base = base
        self.otherBase = otherBase
        self.tokenizer = tokenizer
        self.store = store
        self.rows = rows
        self.journal = journal
        self.settings = settings
        self.logger = logger
        self.clock = clock
        self.isUnavailability = isUnavailability
    }

    /// The present date.
    var now: Date { Date(timeIntervalSince1970: Double(clock.date()) / 1000) }

    /// Retrains a task once.
    ///
    /// - Parameters:
    ///   - labels: the labels of the task; empty: the champion's, or those of the rows if there is no champion.
    ///   - isMultiLabel: whether a text has a set of labels; nil: like the champion, or like the rows if there is none.
    ///   - trigger: what started this retraining, for the journal.
    ///   - progress: called from the training thread.
    ///   - cancellation: asked between training steps: why the retraining breaks off; nil: it goes on.
    /// - Throws: ``RetrainingError``, or what the store, the rows or the journal throw. The journal then says `failed`,
    ///   if it can be written.
    public func run(
        task: String, labels: [String] = [], isMultiLabel: Bool? = nil, trigger: RetrainingTrigger,
        progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in },
        cancellation: @escaping @Sendable () -> String? = { nil }
    ) async throws -> RetrainingOutcome {
        let started = clock.now()
        var outcome: RetrainingOutcome
        do {
            let result = try await journal.withLease(task: task) { lease in
                try await recorded(task: task, trigger: trigger, lease, cancellation) { champion in
                    RetrainingRun(
                        pipeline: self, task: task, trigger: trigger, requestedLabels: labels,
                        requestedMultiLabel: isMultiLabel,
                        champion: champion, progress: progress,
                        isCancelled: { cancellation() != nil || lease.isTaken })
                }
            }
            switch result {
            case .ran(let ended): outcome = ended
            case .held(let holder):
                return RetrainingOutcome(task: task, verdict: .skipped, reason: Self.held(task, by: holder))
            }
        } catch let pending as PendingSettlement {
            outcome = try await settleLater(pending, cancellation)
        }
        outcome.seconds = (clock.now() - started).inSeconds
        logger.notice(
            "retraining ended",
            metadata: [
                LogKey.task: "\(task)", LogKey.verdict: "\(outcome.verdict.rawValue)",
                LogKey.reason: "\(outcome.reason)",
            ])
        return outcome
    }

    private static func held(_ task: String, by holder: LeaseHolder) -> String {
        "another process is retraining task \(task): \(holder.process), since \(holder.since.formatted(.iso8601))"
    }

    /// Runs stages 2 to 9, and records beginning and end.
    private func recorded(
        task: String, trigger: RetrainingTrigger, _ lease: any RetrainingLease,
        _ cancellation: @Sendable () -> String?, _ run: (AdapterVersion?) -> RetrainingRun
    ) async throws -> RetrainingOutcome {
        let champion = try await store.live(tasks: [task]).first
        let id = try await journal.begin(task: task, trigger: trigger, champion: champion?.digest)
        let course: RetrainingRun.Course
        do {
            var run = run(champion)
            course = try await run.course()
        } catch {
            let error = Self.cause(of: error, lease, cancellation)
            await fail(id, error)
            throw error
        }
        switch course {
        case .skipped(let outcome):
            try await journal.finish(id, RetrainingEnding(outcome))
            return outcome
        case .judged(let judgement):
            let settlement = Settlement(
                pipeline: self, task: task, champion: champion, retraining: id, judgement: judgement)
            return try await settle(settlement, lease, cancellation)
        }
    }

    /// What breaks a run off may show as any error.
    private static func cause(
        of error: any Error, _ lease: any RetrainingLease, _ cancellation: @Sendable () -> String?
    ) -> any Error {
        if lease.isTaken { return RetrainingError.leaseLost(lease.loss ?? "") }
        if let reason = cancellation() { return RetrainingError.cancelled(reason) }
        return error
    }

    /// The first error is the one to report, even if the journal cannot be written any more.
    private func fail(_ id: Int64, _ error: any Error) async {
        try? await journal.finish(id, RetrainingEnding(verdict: .failed, reason: "\(error)"))
    }

    // MARK: - Storing what was trained

    /// A challenger that is trained and judged, and not stored: the database is away, or the lease was lost.
    private struct PendingSettlement: Error {
        let settlement: Settlement
        let cause: String
    }

    private func settle(
        _ settlement: Settlement, _ lease: any RetrainingLease, _ cancellation: @Sendable () -> String?
    ) async throws -> RetrainingOutcome {
        do {
            if let reason = cancellation() { throw RetrainingError.cancelled(reason) }
            if let loss = lease.loss { throw RetrainingError.leaseLost(loss) }
            let outcome = try await settlement.outcome()
            try await journal.finish(settlement.retraining, RetrainingEnding(outcome))
            return outcome
        } catch {
            guard cancellation() == nil, lease.loss != nil || isUnavailability(error) else {
                await fail(settlement.retraining, error)
                throw error
            }
            throw PendingSettlement(settlement: settlement, cause: "\(error)")
        }
    }

    /// Sleeps in parts, so that a cancellation ends it.
    private func sleep(_ duration: Duration, unless cancellation: @Sendable () -> String?) async throws {
        var rest = duration
        while cancellation() == nil, rest > .zero {
            try await clock.sleep(min(.seconds(1), rest))
            rest -= .seconds(1)
        }
    }

    /// Hours of training must not be lost because the database restarts: it is tried again, each time under a new
    /// lease. The settlement itself sees whether another version went live meanwhile.
    private func settleLater(
        _ pending: PendingSettlement, _ cancellation: @Sendable () -> String?
    ) async throws -> RetrainingOutcome {
        let settlement = pending.settlement
        var cause = pending.cause
        var waits = Backoff(BackoffSettings(initial: .seconds(1), ceiling: .seconds(60)))
        let deadline = clock.now() + settings.publishPatience
        logger.warning(
            "challenger cannot be stored, retrying",
            metadata: [LogKey.task: "\(settlement.task)", LogKey.reason: "\(cause)"])
        while clock.now() < deadline, cancellation() == nil {
            try await sleep(waits.next(), unless: cancellation)
            do {
                let result = try await journal.withLease(task: settlement.task) { lease in
                    try await settle(settlement, lease, cancellation)
                }
                switch result {
                case .ran(let outcome): return outcome
                case .held(let holder): cause = Self.held(settlement.task, by: holder)
                }
            } catch let pending as PendingSettlement {
                cause = pending.cause
            } catch  where isUnavailability(error) && !(error is RetrainingError) {
                cause = "\(error)"
            }
        }
        let error = cancellation().map(RetrainingError.cancelled) ?? RetrainingError.notStored(cause)
        await fail(settlement.retraining, error)
        throw error
    }
}

/// Why a retraining broke off.
public enum RetrainingError: Error, Equatable, CustomStringConvertible {
    /// No challenger could be trained.
    case training(String)
    /// It was cancelled, for this reason.
    case cancelled(String)
    /// The lease was lost, so another process may be retraining the task.
    case leaseLost(String)
    /// A challenger was trained and could not be stored.
    case notStored(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .training(let reason): "training failed: \(reason)"
        case .cancelled(let reason): reason
        case .leaseLost(let reason): "the lease on this retraining was lost, so nothing was promoted: \(reason)"
        case .notStored(let reason): "the trained challenger could not be stored: \(reason)"
        }
    }
}
