import BERT
import Kernels

/// Labels the texts of a file in the order that a strategy asks for, as an annotator would, and measures after each
/// round. Texts have one label.
public struct LabellingSimulation: Sendable {
    /// How fast the rows are labelled.
    public struct Settings: Sendable {
        /// Rows labelled per round; the first round's are chosen at random.
        public var batch: Int
        /// Rows labelled at the end.
        public var rows: Int

        /// - Parameters: as the properties.
        public init(batch: Int, rows: Int) { (self.batch, self.rows) = (max(batch, 1), rows) }
    }

    /// A model after a round.
    public struct Round: Sendable {
        /// The probabilities of the labels for the test texts.
        public var test: FeatureMatrix
        /// The same for the texts that have no label yet, in the order given.
        public var unlabelled: FeatureMatrix

        /// - Parameters: as the properties.
        public init(test: FeatureMatrix, unlabelled: FeatureMatrix) {
            (self.test, self.unlabelled) = (test, unlabelled)
        }
    }

    /// The accuracy on the test texts after some labelled rows.
    public struct Point: Sendable, Equatable {
        /// Labelled rows.
        public var rows: Int
        /// Share of the test texts that get their label.
        public var accuracy: Double

        /// - Parameters: as the properties.
        public init(rows: Int, accuracy: Double) { (self.rows, self.accuracy) = (rows, accuracy) }
    }

    private let features: FeatureMatrix
    private let testTargets: [Int]
    private let settings: Settings

    /// - Parameters:
    ///   - features: of the texts that can be labelled.
    ///   - testTargets: the labels of the test texts.
    public init(features: FeatureMatrix, testTargets: [Int], settings: Settings) {
        (self.features, self.testTargets, self.settings) = (features, testTargets, settings)
    }

    /// The learning curve of a strategy. Equal seeds begin with the same rows, whatever the strategy.
    ///
    /// - Parameter model: trains on the labelled rows, its first argument, and predicts those in its second.
    public func curve<Failure: Error>(
        _ strategy: SelectionStrategy, seed: UInt64,
        model: (_ labelled: [Int], _ unlabelled: [Int]) throws(Failure) -> Round
    ) throws(Failure) -> [Point] {
        var random = SplitMix64(seed: seed, stream: 1)
        var labelled = Array(Array(0..<features.rows).shuffled(using: &random).prefix(settings.batch))
        var points: [Point] = []
        while true {
            let known = Set(labelled)
            let unlabelled = (0..<features.rows).filter { !known.contains($0) }
            let round = try model(labelled, unlabelled)
            points.append(Point(rows: labelled.count, accuracy: accuracy(round.test)))
            let limit = min(settings.batch, settings.rows - labelled.count)
            let pool = CandidatePool(
                probabilities: round.unlabelled, features: features.selecting(unlabelled), isMultiLabel: false)
            let chosen = strategy.select(limit, from: pool, seed: random.next())
            if chosen.isEmpty { return points }
            labelled += chosen.map { unlabelled[$0] }
        }
    }

    private func accuracy(_ probabilities: FeatureMatrix) -> Double {
        let right = testTargets.indices.count { text in
            let scores = probabilities[text]
            return scores.indices.max { scores[$0] < scores[$1] }.map { $0 - scores.startIndex } == testTargets[text]
        }
        return Double(right) / Double(max(testTargets.count, 1))
    }
}
