import BERT

/// A trained adapter with its evaluation, before anyone has decided to use it.
public struct AdapterCandidate: Sendable {
    /// Where the loss stopped being a number.
    public struct Divergence: Sendable, Equatable {
        /// From 1.
        public var epoch: Int
        /// From 1.
        public var batch: Int
    }

    /// The adapter of the best epoch.
    public var adapter: Adapter
    /// One report per finished epoch.
    public var epochs: [EpochReport]
    /// The number of the best epoch, from 1.
    public var bestEpoch: Int
    /// On the validation rows, with the temperature and thresholds that were fitted on them; nil without validation
    /// rows.
    public var evaluation: Evaluation?
    /// Scores against accuracy on the validation rows, before and after the temperature; nil if there are too few rows.
    public var calibration: Calibration?
    /// Precision against coverage on the validation rows; nil without.
    public var coverage: CoverageCurve?
    /// Loss and learning rate per step.
    public var curve: LossCurve
    /// Set if the training diverged after the last of `epochs`. The adapter is then from before.
    public var divergence: Divergence?
    /// What is wrong with the adapter.
    public var findings: [TrainingFinding]
    /// On rows that it was trained on, at most 500.
    public var trainingEvaluation: Evaluation
    /// Set if the first training was lost, and this is the adapter of a second one.
    public var retry: Retry?

    /// Why and how a training started again.
    public struct Retry: Sendable, Equatable {
        /// What was wrong with the first training; nil if that was before an interruption.
        public var finding: TrainingFinding?
        /// The rate of the second one.
        public var rate: Float

        /// A sentence for a person, without a full stop.
        public var text: String {
            let rate = Hyperparameter.plain(Double("\(rate)") ?? .nan)
            guard let finding else { return "training had started again with rate \(rate) before it was interrupted" }
            return "\(finding); training started again with rate \(rate)"
        }
    }
}

extension AdapterCandidate {
    /// What rows that the adapter was not trained on say of it, besides what its own training found.
    public func findings(on evaluation: Evaluation) -> [TrainingFinding] {
        if findings.contains(where: \.isLost) { return findings }
        let hasBegun = (curve.points.last?.step ?? 0) >= TrainingWatch.fewestSteps
        let found = [
            (hasBegun ? TrainingWatch.collapse(evaluation) : nil) ?? TrainingWatch.missed(evaluation),
            TrainingWatch.gap(training: trainingEvaluation, validation: evaluation),
        ].compactMap(\.self)
        return findings + found.filter { !findings.contains($0) }
    }
}
