import BERT

/// A freshly trained adapter, which has yet to prove itself.
public struct AdapterCandidate: Sendable {
    /// Where a training stopped because its loss was no number any more; both count from 1.
    public struct Divergence: Sendable, Equatable {
        public var epoch: Int
        public var batch: Int
    }

    public var adapter: Adapter
    public var epochs: [EpochReport]
    /// The epoch that is kept, from 1.
    public var keptEpoch: Int
    /// On the validation rows, after the epoch that is kept, with the temperature and thresholds that were chosen on these rows; nil without
    /// validation rows.
    public var evaluation: Evaluation?
    /// Scores against right answers on the validation rows, before and after the temperature; nil where there are too few.
    public var calibration: Calibration?
    /// Precision against coverage on the validation rows; nil without.
    public var coverage: CoverageCurve?
    /// Loss and rate, step by step.
    public var curve: LossCurve
    /// Set where the training went wrong after the last of `epochs`: the adapter is the one from before.
    public var divergence: Divergence?
}
