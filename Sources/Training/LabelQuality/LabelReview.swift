import BERT

/// Rows whose labels were checked against what the other rows say.
public struct LabelReview: Sendable {
    /// The labels that occur, sorted; suspects name them by index.
    public let labels: [String]
    /// The labels that are probably wrong, the most suspect first.
    public let suspects: [SuspectLabel]
    /// Rows with a label that no row of another fold has: nothing can be said of them.
    public let unjudgedRows: Int

    /// Checks rows: a linear head per fold over the frozen features, then confident learning.
    ///
    /// - Parameters:
    ///   - features: one vector per row.
    ///   - workers: threads.
    public init(rows: [LabelledText], isMultiLabel: Bool, features: FeatureMatrix, workers: Int) {
        labels = Set(rows.flatMap(\.labels)).sorted()
        let places = Dictionary(zip(labels, labels.indices), uniquingKeysWith: { first, _ in first })
        let sets = rows.map { row in row.labels.compactMap { places[$0] } }
        // A row of one label per text has it, or is no row: readers see to that.
        let targets: TextTargets = isMultiLabel ? .sets(sets) : .classes(sets.map { $0.first ?? 0 })
        let fitting = CrossFitting(workers: workers)
        let result = fitting.result(
            features: features.standardized(), targets: targets, labels: labels.count,
            foldOfRow: rows.map { fitting.fold(of: NormalizedText($0.text)) })
        suspects = ConfidentLearning.suspects(given: targets, probabilities: result.probabilities)
            .filter { result.isJudged[$0.row] }
        unjudgedRows = result.isJudged.count { !$0 }
    }

    /// The labels that a row would have with the correction.
    public func corrected(_ row: LabelledText, by suspect: SuspectLabel) -> [String] {
        switch suspect.correction {
        case .replace(let label): [labels[label]]
        case .add: row.labels + [labels[suspect.label]]
        case .remove: row.labels.filter { $0 != labels[suspect.label] }
        }
    }
}
