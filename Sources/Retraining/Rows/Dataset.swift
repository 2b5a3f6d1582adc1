import BERT
import Training
import WordPiece

/// The rows of a retraining: each text once, with the label that counts, and no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on: those that a person labelled, in the order of the source, then machine-drafted ones.
    private(set) var training: [LabelledText] = []
    /// Texts to judge by. The retraining path trains no adapter on them.
    private(set) var heldOut: [LabelledText] = []
    private(set) var summary = RowSummary()
    /// What unknown labels are near to, so that many rows with one label cost no more than one.
    private var differences: [String: LabelMatcher.NearMiss.Difference?] = [:]

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
        summary.read = rows.count
        let matcher = LabelMatcher(labels: labels, mapping: mapping, retired: retired)
        var reviewed: [Usable] = []
        var drafts: [Usable] = []
        for row in rows {
            guard let labels = usableLabels(of: row, matcher, isMultiLabel: isMultiLabel) else { continue }
            let weight = row.annotator.flatMap { trust[$0] } ?? 1
            guard weight > 0 else {
                summary.distrusted += 1
                continue
            }
            let usable = Usable(
                row: LabelledText(text: row.text, labels: labels),
                vote: RowFolding.Vote(voter: row.annotator, weight: weight))
            if row.isDraft { drafts.append(usable) } else { reviewed.append(usable) }
        }
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

    // MARK: - Labels

    /// The labels of a row in the task's spelling, each once; nil, and counted, if the row cannot be used.
    private mutating func usableLabels(
        of row: LabelledRow, _ matcher: LabelMatcher, isMultiLabel: Bool
    ) -> [String]? {
        if let defect = row.defect {
            summary.count(defect)
            return nil
        }
        if row.isSet != isMultiLabel {
            summary.otherKind += 1
            return nil
        }
        if NormalizedText(row.text).isEmpty {
            summary.empty += 1
            return nil
        }
        var labels: [String] = []
        var unknown: [String] = []
        var isRetired = false
        for label in row.labels {
            switch matcher.match(label) {
            case .label(let label): if !labels.contains(label) { labels.append(label) }
            case .retired: isRetired = true
            case .unknown: unknown.append(label.trimmed.nfc)
            }
        }
        guard unknown.isEmpty else {
            summary.countUnknown(Set(unknown), unknown.compactMap { difference(of: $0, matcher) }.first)
            return nil
        }
        // Of a set, a retired label leaves the others; a row with one label has none left.
        if isRetired, !isMultiLabel {
            summary.withRetiredLabels += 1
            return nil
        }
        return labels
    }

    private mutating func difference(of label: String, _ matcher: LabelMatcher) -> LabelMatcher.NearMiss.Difference? {
        if let known = differences[label] { return known }
        let difference = matcher.nearest(to: label)?.difference
        differences[label] = .some(difference)
        return difference
    }
}
