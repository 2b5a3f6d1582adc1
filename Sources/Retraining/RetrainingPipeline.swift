import AdapterRegistry
import BERT
import Foundation
import Logging
import Training
import WordPiece

/// The retraining path, from labelled rows to a live adapter. Its stages, in order, each a type of its own:
///
/// 1. ``LabelledRowSource`` gives the newest rows of the task, and sees to it that nobody else retrains it.
/// 2. `Dataset` folds duplicates (the newest label counts) and leaves out what the task cannot use.
/// 3. ``HoldOut`` sets aside, by a hash of the text, the rows that no adapter is trained on.
/// 4. `AdapterTrainer` trains the challenger, from the champion where that is possible.
/// 5. `Evaluation` measures challenger and champion on the held-out rows (`HeldOutComparison`).
/// 6. ``PromotionGate`` decides.
/// 7. `AdapterStore` takes the challenger in, promoted or rejected; whoever runs the serving path hears of it from there.
/// 8. The verdict and its reason are kept in ``RetrainingRecord``.
public struct RetrainingPipeline: Sendable {
    let base: BERTBase
    let tokenizer: WordPieceTokenizer
    let store: any AdapterStore
    let source: any LabelledRowSource
    let settings: RetrainingSettings
    let logger: Logger

    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, store: any AdapterStore, rows: any LabelledRowSource,
        settings: RetrainingSettings, logger: Logger
    ) {
        self.base = base
        self.tokenizer = tokenizer
        self.store = store
        source = rows
        self.settings = settings
        self.logger = logger
    }

    /// Retrains a task once.
    ///
    /// - Parameters:
    ///   - labels: those that the task is meant to have; empty: the champion's, or those of the rows if there is none.
    ///   - isMultiLabel: whether a text has a set of labels; nil: as the champion has it, or the rows if there is none.
    ///   - progress: called from the training thread.
    ///   - isCancelled: asked between training steps; then the run ends as failed.
    /// - Throws: ``RetrainingError``, or what the store or the rows throw; the record says `failed` then, if it can be written.
    public func run(
        task: String, labels: [String] = [], isMultiLabel: Bool? = nil, trigger: RetrainingTrigger,
        progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) async throws -> RetrainingOutcome {
        let started = ContinuousClock.now
        let result = try await source.withLock(task: task) { lease in
            try await record(task: task, trigger: trigger) { champion in
                var run = RetrainingRun(
                    way: self, task: task, wantedLabels: labels, wantsSets: isMultiLabel, champion: champion,
                    progress: progress,
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
            metadata: ["task": "\(task)", "verdict": "\(outcome.verdict.rawValue)", "reason": "\(outcome.reason)"])
        return outcome
    }

    /// Keeps a record of what `body` does.
    private func record(
        task: String, trigger: RetrainingTrigger, _ body: (AdapterVersion?) async throws -> RetrainingOutcome
    ) async throws -> RetrainingOutcome {
        let champion = try await store.live(tasks: [task]).first
        let id = try await source.begin(task: task, trigger: trigger, champion: champion?.digest)
        do {
            let outcome = try await body(champion)
            try await source.finish(
                id, verdict: outcome.verdict, reason: outcome.reason, rowsUsed: outcome.rows.used,
                challenger: outcome.challenger)
            return outcome
        } catch {
            // The first error is the one to report, whether or not the record can still be written.
            try? await source.finish(id, verdict: .failed, reason: "\(error)", rowsUsed: 0, challenger: nil)
            throw error
        }
    }
}

/// Why the retraining path broke off by itself.
public enum RetrainingError: Error, Equatable, CustomStringConvertible {
    case training(String)
    case evaluation(String)
    /// Another process may be retraining the task by now.
    case leaseLost(String)

    public var description: String {
        switch self {
        case .training(let reason): "training failed: \(reason)"
        case .evaluation(let reason): "evaluation failed: \(reason)"
        case .leaseLost(let reason): "the lease on this retraining was lost, so nothing was promoted: \(reason)"
        }
    }
}
