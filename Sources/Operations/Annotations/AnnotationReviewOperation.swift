import BERT
import Connectors
import Pipelines
import Retraining
import Training

/// A row whose label is probably wrong.
public struct ReviewedRow: Sendable {
    /// `lorikeet.annotations.id`; of a file, the number of the row that counts for its text, from 1.
    public let id: Int64
    /// The row.
    public let row: LabelledText
    /// The labels that the other rows suggest.
    public let suggested: [String]
    /// What is wrong.
    public let suspect: SuspectLabel
}

/// `lorikeet annotations review`: the rows whose label is probably wrong.
public enum AnnotationReviewOperation {
    /// The suspects, and what they were found among.
    public struct Result: Sendable {
        /// The most suspect rows, at most as many as were requested.
        public let rows: [ReviewedRow]
        /// All suspects.
        public let suspects: Int
        /// Rows that were reviewed: one per text, the newest.
        public let reviewedRows: Int
        /// Rows among them of which nothing can be said, because their label occurs too rarely.
        public let unjudgedRows: Int
        /// Rows that were left out: without text or with a label that the task does not have.
        public let unusableRows: Int
        /// Whether the rows have sets of labels.
        public let isMultiLabel: Bool
    }

    /// With fewer rows, nothing can be said of any.
    private static let minimumRows = 20

    private struct Row {
        let id: Int64
        let text: LabelledText
    }

    /// Reviews the annotations of a task: the newest, as many as a retraining uses.
    ///
    /// - Parameter progress: gets the number of texts whose features are computed, and how many there are.
    public static func run(
        _ scope: AnnotationScope, count: Int, workers: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(CommandFailure) -> Result {
        let isMultiLabel = try await scope.withAnnotations { try await scope.isMultiLabel($0) }
        let source = PostgresLabelledRowSource(scope.settings, selection: scope.pipeline.rowSelection)
        let given = try await CommandFailure.wrapping {
            try await source.closing { try await $0.rows(task: scope.task.name, limit: scope.maximumRows) }
        }
        let matcher = LabelMatcher(labels: scope.task.labels, mapping: scope.task.mapping)
        let usable = given.compactMap { row -> Row? in
            let matches = row.labels.map(matcher.match)
            let labels = matches.compactMap { if case .label(let label) = $0 { label } else { nil } }
            guard row.isSet == isMultiLabel, !matches.contains(.unknown), isMultiLabel || labels.count == 1 else {
                return nil
            }
            return Row(id: row.id, text: LabelledText(text: row.text, labels: labels))
        }
        let rows = newest(usable)
        try require(rows, named: "lorikeet.annotations, task \(scope.task.name)")
        let features = try scope.encoder(workers: workers).features(rows.map(\.text.text)) { progress($0, rows.count) }
        return result(
            rows, read: given.count, usable: usable.count, isMultiLabel: isMultiLabel, features: features, count: count,
            workers: workers)
    }

    /// Reviews the rows of files.
    ///
    /// - Parameters:
    ///   - rows: the rows that were read.
    ///   - encoder: computes their features.
    public static func run(
        _ rows: RowCollection, encoder: FeatureEncoder, count: Int, workers: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws -> Result {
        _ = try RowsReport.measured(rows)
        let numbered = rows.rows.enumerated().map { Row(id: Int64($0 + 1), text: $1) }
        let kept = newest(numbered)
        try require(kept, named: rows.sources.joined(separator: ", "))
        let features = encoder.features(kept.map(\.text.text)) { progress($0, kept.count) }
        return result(
            kept, read: rows.rows.count, usable: rows.rows.count, isMultiLabel: rows.options.isMultiLabel,
            features: features, count: count, workers: workers)
    }

    /// One row per text, the newest, as training uses them; none without text.
    private static func newest(_ rows: [Row]) -> [Row] {
        var places: [NormalizedText: Int] = [:]
        var kept: [Row] = []
        for row in rows {
            let normalized = NormalizedText(row.text.text)
            if normalized.isEmpty { continue }
            if let place = places[normalized] {
                kept[place] = row
            } else {
                places[normalized] = kept.count
                kept.append(row)
            }
        }
        return kept
    }

    private static func require(_ rows: [Row], named name: String) throws(CommandFailure) {
        guard rows.count >= minimumRows else {
            throw CommandFailure(
                .failed, "\(name): \(rows.count) usable rows; a review needs \(minimumRows)")
        }
        let labels = Set(rows.flatMap(\.text.labels))
        guard labels.count > 1 || rows.contains(where: { $0.text.labels.isEmpty }), !labels.isEmpty else {
            throw CommandFailure(.failed, "\(name): all rows have the same label, so that no other can be suggested")
        }
    }

    private static func result(
        _ rows: [Row], read: Int, usable: Int, isMultiLabel: Bool, features: FeatureMatrix, count: Int, workers: Int
    ) -> Result {
        let review = LabelReview(
            rows: rows.map(\.text), isMultiLabel: isMultiLabel, features: features, workers: workers)
        let shown = review.suspects.prefix(count).map { suspect in
            let row = rows[suspect.row]
            return ReviewedRow(
                id: row.id, row: row.text, suggested: review.corrected(row.text, by: suspect), suspect: suspect)
        }
        return Result(
            rows: Array(shown), suspects: review.suspects.count, reviewedRows: rows.count,
            unjudgedRows: review.unjudgedRows, unusableRows: read - usable, isMultiLabel: isMultiLabel)
    }
}

extension AnnotationScope {
    /// As many rows as a retraining uses.
    fileprivate var maximumRows: Int { pipeline.retrain?.maximumRows ?? RetrainConfiguration().maximumRows }
}
