import BERT
import WordPiece

/// Looks for better settings by successive halving (arXiv 1502.07943): all start, the better half goes on, until one is left.
///
/// A trial that goes on takes up its training where it stood, so that the winner ends with the bits of a training with its settings.
public struct SettingsSearch: Sendable {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private let settings: TrainingSettings
    private let count: Int
    private let budget: Duration?

    /// - Parameters:
    ///   - settings: what the search goes out from; they are tried too.
    ///   - count: how many are tried.
    ///   - budget: time for the search; nil: as long as it takes. What is best then is the result.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, settings: TrainingSettings, count: Int, budget: Duration? = nil
    ) {
        (self.base, self.tokenizer, self.settings) = (base, tokenizer, settings)
        (self.count, self.budget) = (count, budget)
    }

    /// What came of a search.
    public struct Result: Sendable {
        /// Why a search ends.
        public enum Ending: Sendable {
            /// One is left.
            case complete
            case timeUp
            case cancelled
        }

        /// The best first.
        public let trials: [SearchTrial]
        public let ending: Ending
        public var winner: SearchTrial { trials[0] }
        /// Where the winner's training stands: to be gone on with; nil: it has not begun.
        public var checkpoint: TrainingCheckpoint? { winner.checkpoint }
    }

    /// Where a search stands.
    public struct Progress: Sendable {
        public let halving: Int
        public let halvings: Int
        public let trial: SearchTrial
        /// Trials measured in this halving, and all of it.
        public let measured: Int
        public let trials: Int
    }

    /// Searches. The parameters are those of `AdapterTrainer.train`; what is best when it is cancelled is a result as well.
    ///
    /// - Throws: `TrainingError.invalidSetting` without validation rows; what the training of the given settings throws.
    public func run(
        _ training: [LabelledText], validation: [LabelledText], labels: [String]? = nil, startingFrom: Adapter? = nil,
        progress: (Progress) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> Result {
        guard !validation.isEmpty else {
            throw .invalidSetting("search", reason: "there are no validation rows to judge by")
        }
        guard count >= 2 else { throw .invalidSetting("search", reason: "takes at least 2 settings") }
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

    /// How often so many are halved until one is left.
    static func halvings(_ count: Int) -> Int {
        var (left, halvings) = (count, 0)
        while left > 1 { (left, halvings) = ((left + 1) / 2, halvings + 1) }
        return max(halvings, 1)
    }

    /// Trains a trial on until a share of its steps is done, and measures it; unfinished if it is stopped before.
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
                training, validation: validation, labels: labels, startingFrom: start, goingOnFrom: trial.checkpoint,
                save: { newest = $0 }, pausingAt: goal, isCancelled: isStopped)
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
