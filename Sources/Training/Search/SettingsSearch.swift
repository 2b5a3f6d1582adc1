import BERT
import WordPiece

/// Searches better settings by successive halving (arXiv 1502.07943): all trials start, the better half continues,
/// until one is left.
///
/// A trial continues from its checkpoint, so the winner has the bits of an ordinary training with its settings.
public struct SettingsSearch: Sendable {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private var settings: TrainingSettings
    private let count: Int
    private let budget: Duration?

    /// - Parameters:
    ///   - settings: the settings to search around. They are tried, too.
    ///   - count: the number of settings to try.
    ///   - budget: time for the search; nil: no limit. The result is the best trial so far.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, settings: TrainingSettings, count: Int, budget: Duration? = nil
    ) {
        (self.base, self.tokenizer, self.settings) = (base, tokenizer, settings)
        (self.count, self.budget) = (count, budget)
        // A trial that is lost has lost: it does not start again.
        self.settings.recipe = .fixed
    }

    /// The result of a search.
    public struct Result: Sendable {
        /// Why a search ended.
        public enum Ending: Sendable {
            /// One trial is left.
            case complete
            /// The time is up.
            case timeUp
            /// It was cancelled.
            case cancelled
        }

        /// All trials, the best first.
        public let trials: [SearchTrial]
        /// Why the search ended.
        public let ending: Ending
        /// The best trial.
        public var winner: SearchTrial { trials[0] }
        /// The winner's training so far, to be resumed; nil: it has not begun.
        public var checkpoint: TrainingCheckpoint? { winner.checkpoint }
    }

    /// The progress of a search.
    public struct Progress: Sendable {
        /// The current halving, from 1.
        public let halving: Int
        /// Halvings of the whole search.
        public let halvings: Int
        /// The trial that was evaluated last.
        public let trial: SearchTrial
        /// Trials evaluated in this halving.
        public let measured: Int
        /// Trials of this halving.
        public let trials: Int
    }

    /// Runs the search. The parameters are those of `AdapterTrainer.train`. A search that is cancelled has a result,
    /// too.
    ///
    /// - Throws: `TrainingError.invalidSetting` without validation rows, or what `AdapterTrainer.train` throws.
    public func run(
        _ training: [LabelledText], validation: [LabelledText], labels: [String]? = nil, startingFrom: Adapter? = nil,
        progress: (Progress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> Result {
        guard !validation.isEmpty else {
            throw .invalidSetting("search", reason: "there are no validation rows to compare trials on")
        }
        guard count >= 2 else { throw .invalidSetting("search", reason: "must be at least 2") }
        let started = ContinuousClock.now
        func isOver() -> Bool { budget.map { ContinuousClock.now - started >= $0 } ?? false }
        let drawn = SearchSpace(given: settings, changesShape: startingFrom == nil).settings(count)
        var trials = drawn.enumerated().map { SearchTrial(number: $0 + 1, settings: $1) }
        var alive = Array(trials.indices)
        let halvings = Self.halvings(trials.count)
        var ending = Result.Ending.complete
        search: for halving in 1...halvings {
            for (measured, index) in alive.enumerated() {
                if isCancelled() || isOver() {
                    ending = isCancelled() ? .cancelled : .timeUp
                    break search
                }
                let share = 1 / Double(1 << (halvings - halving + 1))
                try advance(
                    &trials[index], to: share, rung: halving, training, validation, labels, startingFrom,
                    isStopped: { isCancelled() || isOver() })
                if isCancelled() { continue }
                progress(
                    Progress(
                        halving: halving, halvings: halvings, trial: trials[index], measured: measured + 1,
                        trials: alive.count))
            }
            alive.sort { trials[$0].isBetter(than: trials[$1]) }
            alive = alive.filter { !trials[$0].hasDiverged }
            alive = Array(alive.prefix((alive.count + 1) / 2))
        }
        return Result(trials: trials.sorted { $0.isBetter(than: $1) }, ending: ending)
    }

    /// The number of halvings until one trial is left.
    static func halvings(_ count: Int) -> Int {
        var (left, halvings) = (count, 0)
        while left > 1 { (left, halvings) = ((left + 1) / 2, halvings + 1) }
        return max(halvings, 1)
    }

    /// Trains a trial until a share of its steps is done, and evaluates it, unless it is stopped before.
    private func advance(
        _ trial: inout SearchTrial, to share: Double, rung: Int, _ training: [LabelledText],
        _ validation: [LabelledText],
        _ labels: [String]?, _ start: Adapter?, isStopped: () -> Bool
    ) throws(TrainingError) {
        let trainer = AdapterTrainer(base: base, tokenizer: tokenizer, settings: trial.settings)
        trial.steps = trial.settings.stepCount(rows: training.count)
        let goal = max(1, Int((share * Double(trial.steps)).rounded()))
        var newest = trial.checkpoint
        var adapter: Adapter?
        do throws(TrainingError) {
            let done = try trainer.train(
                training, validation: validation, labels: labels, startingFrom: start, resumingFrom: trial.checkpoint,
                save: { newest = $0 }, stoppingAfter: goal, isCancelled: isStopped)
            trial.hasDiverged = done.divergence != nil
            adapter = done.adapter
        } catch .cancelled {
            adapter = nil
        } catch .notFinite {
            trial.hasDiverged = true
            return
        }
        guard let newest else { return }
        (trial.checkpoint, trial.step) = (newest, newest.step)
        if trial.hasDiverged || isStopped() { return }
        trial.evaluation = try trainer.evaluation(
            of: newest, adapter: adapter, validation: validation, startingFrom: start)
        trial.rung = rung
    }
}
