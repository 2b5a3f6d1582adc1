import AdapterRegistry
import FoundationEssentials
import Training
import WordPiece

/// The rows of a retraining: each text once, with its newest label, and no label that the task does not have.
struct Dataset: Sendable {
    /// Texts to train on, in the order of the source.
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

    /// - Parameters:
    ///   - rows: oldest first.
    ///   - labels: those of the task.
    ///   - retired: labels that the task no longer has. Their rows are left out, but do not count as unusable.
    ///   - newest: which rows are held out as the newest ones.
    ///   - champion: the rows that it was trained on: they are not held out.
    ///   - challenger: the rows that it was trained on, where a challenger is judged again.
    ///   - isMultiLabel: whether the task's texts have sets of labels; rows of the other kind are left out.
    init(
        rows: [LabelledRow], labels: [String], retired: Set<String> = [], holdOut: HoldOut,
        newest: NewestRows = .share(0), champion: TrainingRowSet? = nil, challenger: TrainingRowSet? = nil,
        isMultiLabel: Bool = false
    ) {
        summary.read = rows.count
        let known = Set(labels)
        var usable: [LabelledText] = []
        var marks: [NormalizedText: (time: Date, id: Int64)] = [:]
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
                marks[NormalizedText(row.text)] = (row.createdAt, row.id)
            }
        }
        let folding = RowFolding(usable, conflicts: .newest)
        summary.duplicates = folding.duplicates + folding.conflictingRows
        summary.contradictory = folding.conflicts
        let split = HeldOutSplit(hash: holdOut, newest: newest, champion: champion, challenger: challenger)
        take(folding.rows, marks, split)
    }

    private mutating func take(
        _ rows: [RowFolding.Row], _ marks: [NormalizedText: (time: Date, id: Int64)], _ split: HeldOutSplit
    ) {
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
        let trained = zip(rows, sides).compactMap { $1 == .training ? $0.normalized : nil }
        trainingRows = TrainingRowSet(
            hashes: trained.map(\.hash64), times: trained.compactMap { marks[$0]?.time },
            ids: trained.compactMap { marks[$0]?.id })
        summary.training = training.count
        summary.newest = newest.count
        summary.heldOut = heldOut.count + newest.count
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
    /// Texts whose rows have different labels: the newest label counts.
    public var contradictory = 0
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
    /// Those of them that are held out as the newest ones.
    public var newest = 0
    /// Rows that would be held out, but that the champion was trained on. They are not used.
    public var seen = 0

    /// No rows.
    public init() {}

    /// Rows that were used.
    public var used: Int { training + heldOut }

    /// Rows that should have been usable and were not.
    public var unusable: Int { withUnknownLabels + empty + otherKind }
}
