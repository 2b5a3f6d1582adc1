/// The finished epochs of a training, and the best one so far.
struct TrainingHistory: Sendable, Equatable {
    /// The epoch whose values become the adapter.
    struct BestEpoch: Sendable, Equatable {
        /// From 1.
        var number: Int
        /// On the validation rows; nil without.
        var evaluation: Evaluation?
        /// The adapter's parameters at its end.
        var values: [Float]
    }

    /// The finished epochs, in order.
    var epochs: [EpochReport] = []
    var best: BestEpoch?

    /// Adds a finished epoch, and writes the metrics of its evaluation into the report.
    mutating func add(
        _ report: inout EpochReport, _ evaluation: Evaluation?, values: [Float], by selection: EpochSelection
    ) {
        report.accuracy = evaluation?.accuracy
        report.macroF1 = evaluation?.macroF1
        report.microF1 = evaluation?.microF1
        report.validationLoss = evaluation?.loss
        epochs.append(report)
        if selection != .last, let evaluation, let best = best?.evaluation,
            selection.figures(evaluation) <= selection.figures(best)
        {
            return
        }
        best = BestEpoch(number: epochs.count, evaluation: evaluation, values: values)
    }

    /// Whether this many epochs in a row were no better than the best one.
    func hasStalled(patience: Int?) -> Bool {
        guard let patience, let best else { return false }
        return epochs.count - best.number >= patience
    }
}
