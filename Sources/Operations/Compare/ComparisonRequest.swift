import BERT
import Training

/// What `lorikeet compare` is asked for, whether it compares adapters or precisions.
public struct ComparisonRequest {
    /// Names for the labels of an adapter whose folder names none.
    public var labels: LabelNames
    /// Files of labelled rows; `-` is standard input.
    public var input: [String]
    /// How the rows are read; whether they are multi-label is the adapters' matter.
    public var rowOptions: RowOptions
    /// Texts are cut to this many tokens; nil: the usual limit.
    public var maxTokens: Int?
    /// How texts are read that are longer than a window.
    public var longTexts: LongTextsChoice
    /// Threads that compute.
    public var workers: Int
    /// Bootstrap resamples of the rows.
    public var resamples: Int
    /// Seed of the resamples.
    public var seed: UInt64

    /// - Parameters: as the properties.
    public init(
        labels: LabelNames, input: [String], rowOptions: RowOptions, maxTokens: Int?, longTexts: LongTextsChoice,
        workers: Int, resamples: Int, seed: UInt64
    ) {
        (self.labels, self.input, self.rowOptions) = (labels, input, rowOptions)
        (self.maxTokens, self.longTexts, self.workers) = (maxTokens, longTexts, workers)
        (self.resamples, self.seed) = (resamples, seed)
    }
}
