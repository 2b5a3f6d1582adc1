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
}
