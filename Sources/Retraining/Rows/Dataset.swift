import Training
import WordPiece

/// The rows of a retraining: each text once, with its newest label, and no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on, in the order of the source.
    private(set) var training: [LabelledText] = []
    /// Texts to judge by. The retraining path trains no adapter on them.
    private(set) var heldOut: [LabelledText] = []
    private(set) var summary = RowSummary()

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    ///   - retired: labels that the task no longer has. Their rows are left out, but do not count as unusable.
    ///   - isMultiLabel: whether the task's texts have sets of labels; rows of the other kind are left out.
    init(
        rows: [LabelledRow], labels: [String], retired: Set<String> = [], holdOut: HoldOut, isMultiLabel: Bool = false
    ) {
        summary.read = rows.count
        let known = Set(labels)
        var usable: [LabelledText] = []
        for var row in rows {
            row.labels = row.labels.map { $0.trimmed }
            if row.isSet != isMultiLabel {
                summary.otherKind += 1
            } else if NormalizedText(row.text).isEmpty {
                summary.empty += 1
            } else if !known.isSuperset(of: row.labels) {
                leaveOut(labels: Set(row.labels).subtracting(known), retired: retired)
            } else {
                usable.append(LabelledText(text: row.text, labels: row.labels))
            }
        }
        let folding = RowFolding(usable, conflicts: .newest)
        summary.duplicates = folding.duplicates + folding.conflictingRows
        let isHeld = holdOut.split(folding.rows.map { ($0.normalized, $0.row.labels) })
        for (row, isHeld) in zip(folding.rows, isHeld) {
            if isHeld { heldOut.append(row.row) } else { training.append(row.row) }
        }
        summary.training = training.count
        summary.heldOut = heldOut.count
    }

    /// Counts a row with labels that the task does not have.
    private mutating func leaveOut(labels: Set<String>, retired: Set<String>) {
        let unknown = labels.subtracting(retired)
        guard !unknown.isEmpty else { return summary.withRetiredLabels += 1 }
        summary.withUnknownLabels += 1
        for label in unknown { summary.unknownLabels[label, default: 0] += 1 }
    }
}

/// What became of the rows of a retraining.
public struct RowSummary: Sendable, Equatable {
    /// Rows read.
    public var read = 0
    /// Rows whose text occurs again later: the newest label counts.
    public var duplicates = 0
    /// Rows without text.
    public var empty = 0
    /// Rows per label that the task does not have; a row of a multi-label task counts once per such label.
    public var unknownLabels: [String: Int] = [:]
    /// Rows with such a label, each counted once.
    public var withUnknownLabels = 0
    /// Rows with a label that the champion has and the task no longer has.
    public var withRetiredLabels = 0
    /// Rows with a set of labels although the task gives one label per text, or the other way round.
    public var otherKind = 0
    /// Rows to train on.
    public var training = 0
    /// Rows held out.
    public var heldOut = 0

    /// No rows.
    public init() {}

    /// Rows that were used.
    public var used: Int { training + heldOut }

    /// Rows that should have been usable and were not.
    public var unusable: Int { withUnknownLabels + empty + otherKind }
}
