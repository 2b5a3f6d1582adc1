import BERT

/// How many labelled rows a task has per label, and how many cannot be used, without reading their texts.
public struct LabelCensus: Sendable {
    /// Rows with the same labels.
    public struct Group: Sendable, Equatable {
        /// One of them; its text says only whether it is empty.
        public var row: LabelledRow
        /// How many.
        public var rows: Int
        /// Those of them that have a newer row of the same text. They need not be usable.
        public var replaced: Int

        /// Rows like this one.
        public init(row: LabelledRow, rows: Int, replaced: Int = 0) {
            (self.row, self.rows, self.replaced) = (row, rows, replaced)
        }
    }

    /// Rows that can be used, by label of the task. A label without rows is there too.
    public let rows: [String: Int]
    /// What cannot be used.
    public let summary: RowSummary
    /// Describes what cannot be used.
    public let description: UnusableRowsDescription

    /// - Parameters:
    ///   - labels: those of the task.
    ///   - mapping: what became of labels that the task once had.
    ///   - isMultiLabel: nil: as most rows are.
    public init(_ groups: [Group], labels: [String], mapping: LabelMapping = LabelMapping(), isMultiLabel: Bool?) {
        let sets = groups.reduce(0) { $0 + ($1.row.isSet ? $1.rows : -$1.rows) }
        var review = RowReview(
            LabelMatcher(labels: labels, mapping: mapping), isMultiLabel: isMultiLabel ?? (sets > 0))
        var rows = Dictionary(labels.map { ($0, 0) }) { first, _ in first }
        for group in groups {
            let finding = review.finding(of: group.row)
            let last = group.rows - group.replaced
            if group.replaced > 0 { review.count(finding, rows: group.replaced, isCorrected: true) }
            if last > 0 { review.count(finding, rows: last) }
            guard case .usable(let labels) = finding else { continue }
            for label in labels { rows[label, default: 0] += group.rows }
        }
        (self.rows, summary) = (rows, review.summary)
        description = UnusableRowsDescription(review.summary, labels: labels, mapping: mapping)
    }
}
