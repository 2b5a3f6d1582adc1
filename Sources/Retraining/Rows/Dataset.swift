import AdapterRegistry
import BERT
import FoundationEssentials
import Training

/// The rows of a retraining: each text once, with the label that counts, and no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on: those that a person labelled, in the order of the source, then machine-drafted ones.
    private(set) var training: [LabelledText] = []
    /// Texts to judge by. The retraining path trains no adapter on them.
    private(set) var heldOut: [LabelledText] = []
    /// The newest texts to judge by. None of them is among the others.
    private(set) var newest: [LabelledText] = []
    /// Since when rows are held out as the newest ones; nil: none is.
    private(set) var newestSince: Date?
    /// When the rows of ``heldOut`` and ``newest`` were added.
    private(set) var heldOutTimes: [Date] = []
    /// The texts to train on, as a record.
    private(set) var trainingRows = TrainingRowSet(hashes: [])
    private(set) var summary = RowSummary()

    /// A row that can be used.
    private struct Usable {
        var row: LabelledText
        var vote: RowFolding.Vote
    }

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    ///   - mapping: what became of labels that the task once had.
    ///   - newest: which rows are held out as the newest ones.
    ///   - champion: the rows that it was trained on: they are not held out.
    ///   - challenger: the rows that it was trained on, where a challenger is judged again.
    ///   - trust: what a row of an annotator counts where labels of one text differ; 0 leaves it out. Who is not named
    ///     has 1. Empty: the newest label counts, whoever gave it.
    ///   - isMultiLabel: whether the task's texts have sets of labels; rows of the other kind are left out.
    init(
        rows: [LabelledRow], labels: [String], mapping: LabelMapping = LabelMapping(),
        holdOut: HoldOut, newest: NewestRows = .share(0), champion: TrainingRowSet? = nil,
        challenger: TrainingRowSet? = nil, trust: [String: Double] = [:], isMultiLabel: Bool = false
    ) {
        var review = RowReview(
            LabelMatcher(labels: labels, mapping: mapping), isMultiLabel: isMultiLabel)
        var reviewed: [Usable] = []
        var drafts: [Usable] = []
        var distrusted = 0
        var (marks, draftMarks): (Marks, Marks) = ([:], [:])
        let findings = rows.map { review.finding(of: $0) }
        let corrected = Self.correctedPlaces(rows, findings, trust: trust)
        for (place, row) in rows.enumerated() {
            let isCorrected = corrected.contains(place)
            guard let labels = review.count(findings[place], isCorrected: isCorrected) else { continue }
            let weight = row.annotator.flatMap { trust[$0] } ?? 1
            guard weight > 0 else {
                distrusted += 1
                continue
            }
            let usable = Usable(
                row: LabelledText(text: row.text, labels: labels),
                vote: RowFolding.Vote(voter: row.annotator, weight: weight))
            let mark = (time: row.createdAt, id: row.id)
            if row.isDraft {
                drafts.append(usable)
                draftMarks[NormalizedText(row.text)] = mark
            } else {
                reviewed.append(usable)
                marks[NormalizedText(row.text)] = mark
            }
        }
        summary = review.summary
        summary.distrusted = distrusted
        let split = HeldOutSplit(hash: holdOut, newest: newest, champion: champion, challenger: challenger)
        // Where a person labelled a text, a draft of it counts for nothing.
        marks.merge(draftMarks) { reviewed, _ in reviewed }
        take(Self.fold(reviewed, trust: trust), drafts: Self.fold(drafts, trust: trust), marks, split)
        summary.count(labels: labels, training: training, heldOut: heldOut + self.newest)
    }

    /// Whose rows replace each other: those of one text or, where annotators differ in trust, of one annotator's text.
    private struct Replaceable: Hashable {
        var text: NormalizedText
        var annotator: String?
    }

    /// The places of rows that cannot be used, while a newer row that replaces them can. What only a machine has
    /// labelled replaces no row of a person.
    private static func correctedPlaces(
        _ rows: [LabelledRow], _ findings: [RowReview.Finding], trust: [String: Double]
    ) -> Set<Int> {
        guard findings.contains(where: \.isUnusable) else { return [] }
        var places: Set<Int> = []
        var reviewed: Set<Replaceable> = []
        // A person's row replaces every draft of its text.
        var seen: Set<NormalizedText> = []
        for (place, row) in rows.enumerated().reversed() {
            let text = NormalizedText(row.text)
            let replaceable = Replaceable(text: text, annotator: trust.isEmpty ? nil : row.annotator)
            if case .usable = findings[place] {
                guard row.annotator.flatMap({ trust[$0] }) ?? 1 > 0 else { continue }
                seen.insert(text)
                if !row.isDraft { reviewed.insert(replaceable) }
            } else if row.isDraft ? seen.contains(text) : reviewed.contains(replaceable) {
                places.insert(place)
            }
        }
        return places
    }

    /// When a text was added last, and the row's id.
    private typealias Marks = [NormalizedText: (time: Date, id: Int64)]

    private mutating func take(_ reviewed: RowFolding, drafts: RowFolding, _ marks: Marks, _ split: HeldOutSplit) {
        summary.duplicates = reviewed.duplicates + reviewed.conflictingRows
        summary.contradictory = reviewed.conflicts
        let rows = reviewed.rows
        let given = rows.map {
            HeldOutSplit.Row(
                text: $0.normalized, labels: $0.row.labels, createdAt: marks[$0.normalized]?.time ?? .distantPast)
        }
        let (sides, since) = split.sides(given)
        newestSince = since
        for (place, side) in sides.enumerated() {
            switch side {
            case .training: training.append(rows[place].row)
            case .hash: heldOut.append(rows[place].row)
            case .newest: newest.append(rows[place].row)
            case .seen: summary.seen += 1
            }
            if side == .hash || side == .newest { heldOutTimes.append(given[place].createdAt) }
        }
        let trained =
            zip(rows, sides).compactMap { $1 == .training ? $0.normalized : nil }
            + addDrafts(drafts, reviewed: Set(rows.map(\.normalized)))
        trainingRows = TrainingRowSet(
            hashes: trained.map(\.hash64), times: trained.compactMap { marks[$0]?.time },
            ids: trained.compactMap { marks[$0]?.id })
        summary.training = training.count
        summary.newest = newest.count
        summary.heldOut = heldOut.count + newest.count
    }

    private static func fold(_ rows: [Usable], trust: [String: Double]) -> RowFolding {
        trust.isEmpty
            ? RowFolding(rows.map(\.row), conflicts: .newest)
            : RowFolding(rows.map(\.row), votes: rows.map(\.vote))
    }

    /// Adds what a machine labelled to the training rows. Where a person labelled the same text, that counts.
    ///
    /// - Returns: the texts that were added.
    private mutating func addDrafts(_ folding: RowFolding, reviewed: Set<NormalizedText>) -> [NormalizedText] {
        summary.duplicates += folding.duplicates + folding.conflictingRows
        let added = folding.rows.filter { !reviewed.contains($0.normalized) }
        summary.duplicates += folding.rows.count - added.count
        summary.drafts = added.count
        training += added.map(\.row)
        return added.map(\.normalized)
    }
}
