import BERT

/// A label that is probably wrong.
public struct SuspectLabel: Sendable, Equatable {
    /// What would be right.
    public enum Correction: Sendable, Equatable {
        /// Another label in its place.
        case replace(with: Int)
        /// The label too, in a multi-label task.
        case add
        /// Not the label, in a multi-label task.
        case remove
    }

    /// The row.
    public let row: Int
    /// The label that was given or, for `add`, that is missing.
    public let label: Int
    /// What would be right.
    public let correction: Correction
    /// The out-of-fold probability of the correction.
    public let probability: Double
    /// The probability of what was given minus that of the most probable alternative: −1 is the most suspect.
    public let margin: Double
}

/// Finds labels that are probably wrong (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in
/// Dataset Labels", 2021).
///
/// A label's threshold is its mean probability over the rows that have it: a label that is hard to tell needs less to
/// be believed than one that is easy. Where nearly all rows are sure, a mean would doubt half of them, so a probability
/// of 0.9 is always enough. A row whose most probable label above its threshold is not the given one is a
/// suspect. Suspects are ranked by margin.
public enum ConfidentLearning {
    private static let highestThreshold = 0.9

    /// The suspects, the most suspect first.
    ///
    /// - Parameters:
    ///   - given: the labels of the rows.
    ///   - probabilities: [rows, labels], by models that were not trained on the row.
    public static func suspects(given: TextTargets, probabilities: FeatureMatrix) -> [SuspectLabel] {
        let suspects =
            switch given {
            case .classes(let classes): singleLabel(classes, probabilities)
            case .sets(let sets): (0..<probabilities.columns).flatMap { multiLabel($0, sets, probabilities) }
            }
        return suspects.sorted { ($0.margin, $0.row, $0.label) < ($1.margin, $1.row, $1.label) }
    }

    private static func singleLabel(_ given: [Int], _ probabilities: FeatureMatrix) -> [SuspectLabel] {
        let thresholds = Self.thresholds(given, probabilities)
        return given.indices.compactMap { row in
            let scores = Array(probabilities[row])
            let believed = scores.indices.filter { label in
                thresholds[label].map { Double(scores[label]) >= $0 } ?? false
            }
            guard let best = believed.max(by: { scores[$0] < scores[$1] }), best != given[row] else { return nil }
            let others = scores.indices.filter { $0 != given[row] }.map { Double(scores[$0]) }.max() ?? 0
            return SuspectLabel(
                row: row, label: given[row], correction: .replace(with: best), probability: Double(scores[best]),
                margin: Double(scores[given[row]]) - others)
        }
    }

    /// The mean probability of each label over the rows that have it; nil for a label without rows, which no row is
    /// believed to have.
    private static func thresholds(_ given: [Int], _ probabilities: FeatureMatrix) -> [Double?] {
        var sums = [(sum: Double, rows: Int)](repeating: (0, 0), count: probabilities.columns)
        for (row, label) in given.enumerated() {
            sums[label].sum += Double(probabilities.values[row * probabilities.columns + label])
            sums[label].rows += 1
        }
        return sums.map { $0.rows > 0 ? min($0.sum / Double($0.rows), highestThreshold) : nil }
    }

    /// One label of a multi-label task is a question with two answers.
    private static func multiLabel(
        _ label: Int, _ given: [[Int]], _ probabilities: FeatureMatrix
    ) -> [SuspectLabel] {
        let binary = (0..<given.count).flatMap { row -> [Float] in
            let probability = probabilities.values[row * probabilities.columns + label]
            return [1 - probability, probability]
        }
        let holds = given.map { $0.contains(label) ? 1 : 0 }
        return singleLabel(holds, FeatureMatrix(columns: 2, values: binary)).map { suspect in
            SuspectLabel(
                row: suspect.row, label: label, correction: suspect.label == 1 ? .remove : .add,
                probability: suspect.probability, margin: suspect.margin)
        }
    }
}
