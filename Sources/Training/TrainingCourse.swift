/// The epoch of a training that becomes the adapter.
public enum KeptEpoch: String, Sendable, Codable, CaseIterable {
    case last
    /// The best on the validation rows; of epochs as good the one of the lowest loss there.
    case macroF1 = "macro-f1"
    case accuracy
    case loss

    /// The higher, the better.
    func figures(_ evaluation: Evaluation) -> (Double, Double) {
        // What is no number is worse than any, and must not stand in every comparison's way.
        let loss = evaluation.loss.map { $0.isNaN ? -.infinity : -$0 } ?? -.infinity
        switch self {
        case .last: return (0, 0)
        case .macroF1: return (evaluation.macroF1, loss)
        case .accuracy: return (evaluation.accuracy, loss)
        case .loss: return (loss, evaluation.macroF1)
        }
    }
}

/// What has come of a training's epochs so far.
struct TrainingCourse: Sendable, Equatable {
    /// The epoch whose values become the adapter.
    struct Kept: Sendable, Equatable {
        /// From 1.
        var epoch: Int
        /// On the validation rows; nil without.
        var evaluation: Evaluation?
        /// The adapter's parameters at its end.
        var values: [Float]
    }

    /// Of the epochs that are over, in order.
    var epochs: [EpochReport] = []
    var kept: Kept?

    /// Takes in an epoch that is over; writes the evaluation's figures into its report.
    mutating func add(_ report: inout EpochReport, _ evaluation: Evaluation?, values: [Float], keeping: KeptEpoch) {
        report.accuracy = evaluation?.accuracy
        report.macroF1 = evaluation?.macroF1
        report.microF1 = evaluation?.microF1
        report.validationLoss = evaluation?.loss
        epochs.append(report)
        if keeping != .last, let evaluation, let best = kept?.evaluation,
            keeping.figures(evaluation) <= keeping.figures(best)
        {
            return
        }
        kept = Kept(epoch: epochs.count, evaluation: evaluation, values: values)
    }

    /// Whether so many epochs in a row were no better than the one that is kept.
    func hasStalled(patience: Int?) -> Bool {
        guard let patience, let kept else { return false }
        return epochs.count - kept.epoch >= patience
    }
}
