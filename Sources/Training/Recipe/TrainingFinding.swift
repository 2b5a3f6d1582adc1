/// What is wrong with a training, said while it runs, in its report, and in the verdict of a retraining.
public enum TrainingFinding: Sendable, Codable, Equatable {
    /// One label gets nearly all predictions: its share of them, and its share of the rows.
    case collapsed(label: String, predicted: Double, share: Double)
    /// The mean loss of an epoch is far above that of the first steps.
    case diverged(loss: Double, start: Double)
    /// The loss stopped being a number.
    case notFinite(epoch: Int, batch: Int)
    /// Labels that no row that has them gets.
    case missed(labels: [String])
    /// The accuracy on validation rows is far below that on training rows.
    case overfitted(training: Double, validation: Double)

    /// Whether the adapter is useless, so that an automatic training starts again.
    public var isLost: Bool {
        switch self {
        case .collapsed, .diverged, .notFinite: true
        case .missed, .overfitted: false
        }
    }
}

extension TrainingFinding: CustomStringConvertible {
    /// A sentence for a person, without a full stop.
    public var description: String {
        switch self {
        case .collapsed(let label, let predicted, let share):
            "the training collapsed: \(Self.percent(predicted)) of the rows get the label \"\(label)\", "
                + "which \(Self.percent(share)) of them have; a lower rate helps"
        case .diverged(let loss, let start):
            "the training diverged: its loss is \(Self.rounded(loss)) and was \(Self.rounded(start)) at the start; "
                + "a lower rate helps"
        case .notFinite(let epoch, let batch):
            "the training diverged: its loss is not a number at batch \(batch) of epoch \(epoch); a lower rate helps"
        case .missed(let labels): Self.missed(labels)
        case .overfitted(let training, let validation):
            "accuracy is \(Self.percent(validation)) on validation rows and \(Self.percent(training)) on training "
                + "rows: the rows are too few, their labels contradict each other, or the training is too long"
        }
    }

    private static func missed(_ labels: [String]) -> String {
        let shown = labels.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        let others = labels.count > 5 ? " and \(labels.count - 5) more" : ""
        return labels.count == 1
            ? "the label \(shown) is never predicted for rows that have it"
            : "the labels \(shown)\(others) are never predicted for rows that have them"
    }

    private static func percent(_ share: Double) -> String { "\(rounded(100 * share)) %" }

    private static func rounded(_ number: Double) -> String {
        guard number.isFinite, number.magnitude < 1e12 else { return "\(number)" }
        return Hyperparameter.plain((number * 100).rounded() / 100)
    }
}
