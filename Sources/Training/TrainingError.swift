import BERT

/// Why no adapter came out of a training. Texts are never part of it.
public enum TrainingError: Error, Equatable {
    case noRows
    /// All rows have this label; two are needed.
    case oneLabel(String)
    /// A training row has a label that the given labels lack.
    case unknownLabel(String)
    /// A row has several labels or none, and the task is no multi-label task.
    case notOneLabel
    /// A label is empty or given twice.
    case invalidLabels(reason: String)
    case invalidSetting(String, reason: String)
    /// The tokenizer makes ids that the base has no embedding for.
    case tokenizerDoesNotFit(tokens: Int, embeddings: Int)
    /// The adapter to start from does not have the shape that the settings ask for.
    case startDoesNotFit(reason: String)
    /// The adapter to start from has labels that are not to be learned any more: a head's row is not forgotten silently.
    case startHasOtherLabels([String])
    /// The base or the file format refuses the adapter.
    case adapter(AdapterError)
    /// The loss, or its gradient, of this batch is infinite or not a number; both count from 1.
    case notFinite(epoch: Int, batch: Int)
    /// The checkpoint to go on from is of no use.
    case checkpoint(CheckpointError)
    case cancelled
}

extension TrainingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noRows: "no rows to train on"
        case .oneLabel(let label): "all rows to train on have the label \"\(label)\"; at least two labels are needed"
        case .unknownLabel(let label): "a row to train on has the label \"\(label)\", which the task does not have"
        case .notOneLabel: "a row to train on has several labels or none, but each text of this task has one"
        case .invalidLabels(let reason): "labels: \(reason)"
        case .invalidSetting(let name, let reason): "\(name): \(reason)"
        case .tokenizerDoesNotFit(let tokens, let embeddings):
            "the tokenizer has \(tokens) tokens, the base embeddings for \(embeddings): they do not belong together"
        case .startDoesNotFit(let reason): "the adapter to start from does not fit: \(reason)"
        case .startHasOtherLabels(let gone):
            "the adapter to start from has labels that no row has: " + Self.list(gone)
                + "; add rows of them, or train anew without it"
        case .adapter(let error): "\(error)"
        case .notFinite(let epoch, let batch):
            "the loss is not a number at batch \(batch) of epoch \(epoch); try a lower rate, a longer warm-up or stronger clipping"
        case .checkpoint(let error): "\(error)"
        case .cancelled: "cancelled"
        }
    }

    /// The first few labels, quoted, and how many more there are.
    private static func list(_ labels: [String]) -> String {
        let shown = labels.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        return labels.count > 5 ? shown + " and \(labels.count - 5) more" : shown
    }
}
