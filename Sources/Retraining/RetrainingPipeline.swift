import AdapterRegistry
import BERT
import FoundationEssentials
import LogKeys
import Logging
import Training
import WordPiece

/// The retraining path, from labelled rows to a live adapter. ``RetrainingSchedule`` decides when. The stages, in
/// order, each a type of its own:
///
/// 1. ``RetrainingJournal`` gives this process the lease on the task, and records that a retraining begins.
/// 2. ``LabelledRowSource`` gives the newest rows of the task.
/// 3. `Dataset` keeps each text once, with its newest label, and leaves out what the task cannot use.
/// 4. `HoldOut` sets aside the rows that no adapter is trained on, by a hash of the text.
/// 5. `AdapterTrainer` trains the challenger, from the champion if that is possible.
/// 6. `HeldOutComparison` evaluates challenger and champion on the held-out rows.
/// 7. ``PromotionGate`` decides.
/// 8. `AdapterStore` stores the challenger: promoted, held or rejected. The serving path hears of it from there.
/// 9. ``RetrainingJournal`` records the verdict and its reason.
///
/// `RetrainingRun` runs stages 2 to 8.
public struct RetrainingPipeline: Sendable {
    let base: BERTBase
    let tokenizer: WordPieceTokenizer
    let store: any AdapterStore
    let rows: any LabelledRowSource
    let settings: RetrainingSettings
    let logger: Logger
    private let journal: any RetrainingJournal

    /// - Parameters:
    ///   - base: the base that challengers run over.
    ///   - tokenizer: that of the base.
    ///   - store: where the champion is read, and the challenger stored.
    ///   - rows: where labelled rows are read.
    ///   - journal: where retrainings are recorded, and the lease is acquired.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, store: any AdapterStore, rows: any LabelledRowSource,
        journal: any RetrainingJournal, settings: RetrainingSettings, logger: Logger
    ) {
        self.base = base
        self.tokenizer = tokenizer
        self.store = store
        self.rows = rows
        self.journal = journal
        self.settings = settings
        self.logger = logger
    }

    /// Retrains a task once.
    ///
    /// - Parameters:
    ///   - labels: the labels of the task; empty: the champion's, or those of the rows if there is no champion.
    ///   - isMultiLabel: whether a text has a set of labels; nil: like the champion, or like the rows if there is none.
    ///   - trigger: what started this retraining, for the journal.
    ///   - progress: called from the training thread.
    ///   - isCancelled: asked between training steps. If it is true, the retraining fails.
    /// - Throws: ``RetrainingError``, or what the store, the rows or the journal throw. The journal then says `failed`,
    ///   if it can be written.
    public func run(
        task: String, labels: [String] = [], isMultiLabel: Bool? = nil, trigger: RetrainingTrigger,
        progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws -> RetrainingOutcome {
        let started = ContinuousClock.now
        let result = try await journal.withLease(task: task) { lease in
            try await record(task: task, trigger: trigger) { champion in
                var run = RetrainingRun(
                    pipeline: self, task: task, requestedLabels: labels, requestedMultiLabel: isMultiLabel,
                    champion: champion, progress: progress,
                    isCancelled: { isCancelled() || lease.loss != nil })
                do { return try await run.outcome() } catch { throw lease.loss.map(RetrainingError.leaseLost) ?? error }
            }
        }
        var outcome: RetrainingOutcome
        switch result {
        case .ran(let ended): outcome = ended
        case .held(let holder):
            let since = holder.since.formatted(.iso8601)
            let reason = "another process is retraining task \(task): \(holder.process), since \(since)"
            return RetrainingOutcome(task: task, verdict: .skipped, reason: reason)
        }
        outcome.seconds = (ContinuousClock.now - started) / .seconds(1)
        logger.notice(
            "retraining ended",
            metadata: [
                LogKey.task: "\(task)", LogKey.verdict: "\(outcome.verdict.rawValue)",
                LogKey.reason: "\(outcome.reason)",
            ])
        return outcome
    }

    /// Records the beginning and the end of `body`.
    private func record(
        task: String, trigger: RetrainingTrigger, _ body: (AdapterVersion?) async throws -> RetrainingOutcome
    ) async throws -> RetrainingOutcome {
        let champion = try await store.live(tasks: [task]).first
        let id = try await journal.begin(task: task, trigger: trigger, champion: champion?.digest)
        do {
            let outcome = try await body(champion)
            try await journal.finish(
                id, verdict: outcome.verdict, reason: outcome.reason, rowsUsed: outcome.rows.used,
                challenger: outcome.challenger)
            return outcome
        } catch {
            // The first error is the one to report, even if the journal cannot be written any more.
            try? await journal.finish(id, verdict: .failed, reason: "\(error)", rowsUsed: 0, challenger: nil)
            throw error
        }
    }
}

/// Why a retraining broke off.
public enum RetrainingError: Error, Equatable, CustomStringConvertible {
    /// No challenger could be trained.
    case training(String)
    /// The lease was lost, so another process may be retraining the task.
    case leaseLost(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .training(let reason): "training failed: \(reason)"
        case .leaseLost(let reason): "the lease on this retraining was lost, so nothing was promoted: \(reason)"
        }
    }
}
