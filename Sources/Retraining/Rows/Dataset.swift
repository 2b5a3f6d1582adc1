import BERT
import Training

/// The rows of a retraining: each text once, with the label that counts, and no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on: those that a person labelled, in the order of the source, then machine-drafted ones.
    private(set) var training: [LabelledText] = []
    /// Texts to judge by. The retraining path trains no adapter on them.
    private(set) var heldOut: [LabelledText] = []
    private(set) var summary = RowSummary()

    /// A row that can be used.
    private struct Usable {
        var row: LabelledText
        var vote: RowFolding.Vote
    }

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    ///   - retired: labels that the task no longer has, and does not map. Their rows are left out, but do not count as
    ///     unusable.
    ///   - mapping: what became of labels that the task once had.
    ///   - trust: what a row of an annotator counts where labels of one text differ; 0 leaves it out. Who is not named
    ///     has 1. Empty: the newest label counts, whoever gave it.
    ///   - isMultiLabel: whether the task's texts have sets of labels; rows of the other kind are left out.
    init(
        rows: [LabelledRow], labels: [String], retired: Set<String> = [], mapping: LabelMapping = LabelMapping(),
        holdOut: HoldOut, trust: [String: Double] = [:], isMultiLabel: Bool = false
    ) {
        var review = RowReview(
            LabelMatcher(labels: labels, mapping: mapping, retired: retired), isMultiLabel: isMultiLabel)
        var reviewed: [Usable] = []
        var drafts: [Usable] = []
        var distrusted = 0
        for row in rows {
            guard let labels = review.usableLabels(of: row) else { continue }
            let weight = row.annotator.flatMap { trust[$0] } ?? 1
            guard weight > 0 else {
                distrusted += 1
                continue
            }
            let usable = Usable(
                row: LabelledText(text: row.text, labels: labels),
                vote: RowFolding.Vote(voter: row.annotator, weight: weight))
            if row.isDraft { drafts.append(usable) } else { reviewed.append(usable) }
        }
        summary = review.summary
        summary.distrusted = distrusted
        let folding = Self.fold(reviewed, trust: trust)
        summary.duplicates = folding.duplicates + folding.conflictingRows
        let isHeld = holdOut.split(folding.rows.map { ($0.normalized, $0.row.labels) })
        for (row, isHeld) in zip(folding.rows, isHeld) {
            if isHeld { heldOut.append(row.row) } else { training.append(row.row) }
        }
        addDrafts(Self.fold(drafts, trust: trust), reviewed: Set(folding.rows.map(\.normalized)))
        summary.training = training.count
        summary.heldOut = heldOut.count
        summary.count(labels: labels, training: training, heldOut: heldOut)
    }

    private static func fold(_ rows: [Usable], trust: [String: Double]) -> RowFolding {
        trust.isEmpty
            ? RowFolding(rows.map(\.row), conflicts: .newest)
            : RowFolding(rows.map(\.row), votes: rows.map(\.vote))
    }

    /// Adds what a machine labelled to the training rows. Where a person labelled the same text, that counts.
    private mutating func addDrafts(_ folding: RowFolding, reviewed: Set<NormalizedText>) {
        summary.duplicates += folding.duplicates + folding.conflictingRows
        for row in folding.rows {
            if reviewed.contains(row.normalized) {
                summary.duplicates += 1
            } else {
                summary.drafts += 1
                training.append(row.row)
            }
        }
    }
}
