import BERT
import Testing

@testable import Training

@Suite struct LinearHeadTests {
    @Test func labelsThatAreFarApartAreTold() {
        let train = Blobs(300, shares: [1, 1, 1], distance: 5, seed: 1)
        let test = Blobs(300, shares: [1, 1, 1], distance: 5, seed: 2)
        let head = LinearHead(features: train.features, targets: train.targets, labels: 3)
        #expect(test.accuracy(head) > 0.97)
    }

    @Test func probabilitiesAddUpAndAreCalibrated() {
        let train = Blobs(2000, shares: [1, 1], distance: 1, seed: 3)
        let test = Blobs(2000, shares: [1, 1], distance: 1, seed: 4)
        let probabilities = LinearHead(features: train.features, targets: train.targets, labels: 2)
            .probabilities(test.features)
        var (expected, right) = (0.0, 0.0)
        for row in 0..<test.labels.count {
            #expect(abs(probabilities[row].reduce(0, +) - 1) < 1e-4)
            expected += Double(probabilities[row].max() ?? 0)
            let scores = Array(probabilities[row])
            right += scores.indices.max { scores[$0] < scores[$1] } == test.labels[row] ? 1 : 0
        }
        #expect(abs(expected - right) / 2000 < 0.04)
    }

    /// The function is convex: where the search begins does not matter.
    @Test func aWarmStartEndsAtTheSameMinimum() {
        let blobs = Blobs(200, shares: [3, 2, 1], distance: 2, seed: 5)
        var settings = LinearHead.Settings()
        settings.maximumIterations = 300
        let other = LinearHead(features: blobs.features, targets: .classes(blobs.labels.reversed()), labels: 3)
        let cold = LinearHead(features: blobs.features, targets: blobs.targets, labels: 3, settings: settings)
        let warm = LinearHead(
            features: blobs.features, targets: blobs.targets, labels: 3, settings: settings, start: other)
        for (left, right) in zip(
            cold.probabilities(blobs.features).values, warm.probabilities(blobs.features).values)
        {
            #expect(abs(left - right) < 0.02)
        }
    }

    @Test func setsOfLabelsAreToldLabelByLabel() {
        let blobs = Blobs(400, shares: [1, 1, 1, 1], distance: 6, seed: 6)
        // Label 0 holds for the first two blobs, label 1 for the first and the third.
        let sets = blobs.labels.map { [[0, 1], [0], [1], []][$0] }
        let probabilities = LinearHead(features: blobs.features, targets: .sets(sets), labels: 2)
            .probabilities(blobs.features)
        let right = sets.indices.count { row in
            Array(probabilities[row]).enumerated().filter { $0.element > 0.5 }.map(\.offset) == sets[row]
        }
        #expect(right > 370)
    }

    @Test func withoutRowsAllLabelsAreEquallyProbable() {
        let head = LinearHead(features: FeatureMatrix(columns: 2, values: []), targets: .classes([]), labels: 4)
        #expect(Array(head.probabilities(FeatureMatrix(columns: 2, values: [1, 2]))[0]) == [0.25, 0.25, 0.25, 0.25])
    }

    @Test func standardizedVectorsHaveMeanZeroAndLengthOne() {
        let features = Blobs(100, shares: [1], seed: 7).features.standardized()
        let squares = features.values.reduce(0) { $0 + Double($1) * Double($1) } / 100
        #expect(abs(squares - 1) < 1e-3)
        for column in 0..<features.columns {
            let sum = (0..<100).reduce(Float(0)) { $0 + features.values[$1 * features.columns + column] }
            #expect(abs(sum / 100) < 1e-3)
        }
        let equal = FeatureMatrix(columns: 2, values: [3, 4, 3, 4]).standardized()
        #expect(equal.values == [0, 0, 0, 0])
    }

    @Test func theMinimumOfAParabolaIsFound() {
        let point = LBFGS(maximumIterations: 200, tolerance: 1e-12).minimum(from: [5, -3, 8]) { x, gradient in
            gradient = [2 * (x[0] - 1), 20 * (x[1] + 2), 200 * x[2]]
            return Double((x[0] - 1) * (x[0] - 1) + 10 * (x[1] + 2) * (x[1] + 2) + 100 * x[2] * x[2])
        }
        #expect(zip(point, [1, -2, 0]).allSatisfy { abs($0 - $1) < 1e-2 }, "\(point)")
    }
}
