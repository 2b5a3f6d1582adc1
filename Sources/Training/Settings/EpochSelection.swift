import BERT

/// Which epoch of a training becomes the adapter.
public enum EpochSelection: String, Sendable, Codable, CaseIterable {
    /// The last one.
    case last
    /// The highest macro-F1 on the validation rows; of equal epochs the one with the lowest loss.
    case macroF1 = "macro-f1"
    /// The highest accuracy on the validation rows; of equal epochs the one with the lowest loss.
    case accuracy
    /// The lowest loss on the validation rows; of equal epochs the one with the highest macro-F1.
    case loss

    /// What epochs are compared by, the more important figure first; higher is better.
    func figures(_ evaluation: Evaluation) -> (Double, Double) {
        // A NaN counts as the worst: a comparison with it would be false either way.
        let loss = evaluation.loss.map { $0.isNaN ? -.infinity : -$0 } ?? -.infinity
        switch self {
        case .last: return (0, 0)
        case .macroF1: return (evaluation.macroF1, loss)
        case .accuracy: return (evaluation.accuracy, loss)
        case .loss: return (loss, evaluation.macroF1)
        }
    }
}
