import BERT

/// Why a training gave no adapter. It never contains texts.
public enum TrainingError: Error, Equatable {
    /// There are no training rows.
    case noRows
    /// All rows have this label, but at least two labels are required.
    case oneLabel(String)
    /// A training row has a label that is not among the given ones.
    case unknownLabel(String)
    /// A row has several labels or none, but the task is not a multi-label task.
    case notOneLabel
    /// A label is empty or given twice.
    case invalidLabels(reason: String)
    /// A setting, by its key, and what is wrong with it.
    case invalidSetting(String, reason: String)
    /// The tokenizer makes ids that the base has no embedding for.
    case tokenizerDoesNotFit(tokens: Int, embeddings: Int)
    /// The adapter to start from does not have the shape that the settings describe.
    case startDoesNotFit(reason: String)
    /// The adapter to start from has labels that the task no longer has. A row of the head is never dropped silently.
    case startHasOtherLabels([String])
    /// The base or the file format refuses the adapter.
    case adapter(AdapterError)
    /// The loss of this batch, or its gradient, is not finite; both count from 1.
    case notFinite(epoch: Int, batch: Int)
    /// The training is stopped, because its adapter would be useless.
    case lost(TrainingFinding)
    /// The checkpoint cannot be resumed.
    case checkpoint(CheckpointError)
    /// The training was cancelled.
    case cancelled
}

extension TrainingError: CustomStringConvertible {
    /// A sentence for a person.
    public var description: String {
        switch self {
        case .noRows: "there are no rows to train on"
        case .oneLabel(let label): "all training rows have the label \"\(label)\", but at least two labels are required"
        case .unknownLabel(let label): "a training row has the label \"\(label)\", which the task does not have"
        case .notOneLabel: "a training row has several labels or none, but each text of this task has one label"
        case .invalidLabels(let reason): "labels: \(reason)"
        case .invalidSetting(let name, let reason): "\(name): \(reason)"
        case .tokenizerDoesNotFit(let tokens, let embeddings):
            "the tokenizer has \(tokens) tokens, but the base has \(embeddings) embeddings: they do not belong together"
        case .startDoesNotFit(let reason): "the adapter to start from does not fit: \(reason)"
        case .startHasOtherLabels(let gone):
            "the adapter to start from has labels that no row has: " + Self.list(gone)
                + "; add rows with them, or train without --from"
        case .adapter(let error): "\(error)"
        case .notFinite(let epoch, let batch):
            "the loss is not a number at batch \(batch) of epoch \(epoch); "
                + "try a lower rate, a longer warm-up or stronger clipping"
        case .lost(let finding): "\(finding)"
        case .checkpoint(let error): "\(error)"
        case .cancelled: "cancelled"
        }
    }

    /// The first five labels, quoted, and the number of the others.
    private static func list(_ labels: [String]) -> String {
        let shown = labels.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        return labels.count > 5 ? shown + " and \(labels.count - 5) more" : shown
    }
}
