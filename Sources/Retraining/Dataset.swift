import Foundation
import Training

/// Rows made ready to learn from: each text once, with the newest of its labels, no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on, in the order in which they came.
    private(set) var training: [LabelledText] = []
    /// Texts to measure on; no adapter that the retraining path trains has ever seen them.
    private(set) var heldOut: [LabelledText] = []
    private(set) var summary = RowSummary()

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    ///   - retired: labels that the task had once and has no longer: their rows are left out, as somebody wanted it.
    ///   - isMultiLabel: whether the task's texts have sets of labels; rows of the other kind are left out.
    init(
        rows: [LabelledRow], labels: [String], retired: Set<String> = [], holdOut: HoldOut, isMultiLabel: Bool = false
    ) {
        summary.read = rows.count
        let known = Set(labels)
        var usable: [LabelledText] = []
        for var row in rows {
            row.labels = row.labels.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
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
