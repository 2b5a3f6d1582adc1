import BERT
import Threading

/// Probabilities of every row by a head that was not trained on the row: each fold's rows by a head that was trained
/// on the other folds.
public struct CrossFitting: Sendable {
    /// Number of folds.
    public let folds: Int
    private let settings: LinearHead.Settings
    private let workers: Int

    /// - Parameters:
    ///   - folds: at least 2.
    ///   - workers: threads; each fits a fold.
    public init(folds: Int = 5, settings: LinearHead.Settings = LinearHead.Settings(), workers: Int) {
        (self.folds, self.settings, self.workers) = (max(folds, 2), settings, max(workers, 1))
    }

    /// The fold of a text: by its normalized form, so that equal texts are in one fold, in every run. Other digits of
    /// the hash decide than those of `HoldOut`.
    public func fold(of text: NormalizedText) -> Int { Int(text.hash64 >> 32) % folds }

    /// Out-of-fold probabilities, and the rows whose label no other fold has: nothing can be said of these.
    public struct Result: Sendable {
        /// [rows, labels]
        public let probabilities: FeatureMatrix
        /// Per row, whether each of its labels occurs in the folds that its head was trained on.
        public let isJudged: [Bool]
    }

    /// Fits a head per fold.
    ///
    /// - Parameters:
    ///   - features: standardized, one row per target.
    ///   - foldOfRow: the fold of each row.
    public func result(features: FeatureMatrix, targets: TextTargets, labels: Int, foldOfRow: [Int]) -> Result {
        // Each fold begins at zero: a head that began at one of all rows would keep a trace of its own.
        let held = Array(Dictionary(grouping: foldOfRow.indices) { foldOfRow[$0] }.values)
        let parts = WorkerTeam.map(held, count: workers, name: "cross-fitting") { held in
            let trained = foldOfRow.indices.filter { foldOfRow[$0] != foldOfRow[held[0]] }
            let head = LinearHead(
                features: features.selecting(trained), targets: targets.at(trained), labels: labels, settings: settings)
            return head.probabilities(features.selecting(held))
        }
        var values = [Float](repeating: 0, count: foldOfRow.count * labels)
        for (held, part) in zip(held, parts) {
            for (place, row) in held.enumerated() {
                values.replaceSubrange(row * labels..<(row + 1) * labels, with: part[place])
            }
        }
        return Result(
            probabilities: FeatureMatrix(columns: labels, values: values),
            isJudged: judged(targets, labels: labels, foldOfRow: foldOfRow))
    }

    private func judged(_ targets: TextTargets, labels: Int, foldOfRow: [Int]) -> [Bool] {
        let sets: [[Int]] =
            switch targets {
            case .classes(let classes): classes.map { [$0] }
            case .sets(let sets): sets
            }
        var counts = [[Int]](repeating: Array(repeating: 0, count: labels), count: folds)
        for (set, fold) in zip(sets, foldOfRow) { for label in set { counts[fold][label] += 1 } }
        return zip(sets, foldOfRow).map { set, fold in
            set.allSatisfy { label in (0..<folds).contains { $0 != fold && counts[$0][label] > 0 } }
        }
    }
}
