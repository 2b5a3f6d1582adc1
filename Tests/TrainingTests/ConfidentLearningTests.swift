import BERT
import TestSupport
import Testing

@testable import Training

@Suite struct ConfidentLearningTests {
    @Test func aRowWhoseOtherLabelIsBelievedIsASuspect() {
        // Thresholds: label 0: (0.9 + 0.8 + 0.1) / 3 = 0.6; label 1: (0.7 + 0.9) / 2 = 0.8.
        let probabilities = FeatureMatrix(columns: 2, values: [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.3, 0.7, 0.1, 0.9])
        let suspects = ConfidentLearning.suspects(given: .classes([0, 0, 0, 1, 1]), probabilities: probabilities)
        #expect(suspects.map(\.row) == [2])
        #expect(suspects.first?.correction == .replace(with: 1))
        #expect(abs((suspects.first?.probability ?? 0) - 0.9) < 1e-6)
        #expect(abs((suspects.first?.margin ?? 0) + 0.8) < 1e-6)
    }

    /// All other rows are surer, so that the mean is above its probability.
    @Test func aSureRowIsASuspectAmongSurerOnes() {
        var (probabilities, given): ([Float], [Int]) = ([], [])
        for label in [0, 1] {
            for _ in 0..<10 {
                probabilities += label == 0 ? [0.999, 0.001] : [0.001, 0.999]
                given.append(label)
            }
        }
        let suspects = ConfidentLearning.suspects(
            given: .classes(given + [0]),
            probabilities: FeatureMatrix(columns: 2, values: probabilities + [0.03, 0.97]))
        #expect(suspects.map(\.row) == [20])
    }

    @Test func aLabelWithoutRowsIsNeverSuggested() {
        let probabilities = FeatureMatrix(columns: 3, values: [0.1, 0.1, 0.8, 0.6, 0.3, 0.1, 0.2, 0.7, 0.1])
        let suspects = ConfidentLearning.suspects(given: .classes([0, 0, 1]), probabilities: probabilities)
        #expect(suspects.allSatisfy { $0.correction != .replace(with: 2) })
    }

    @Test func setsHaveLabelsToAddAndToRemove() {
        // Label 0 is missing in row 1, label 1 is too much in row 2.
        let probabilities = FeatureMatrix(
            columns: 2, values: [0.9, 0.1, 0.97, 0.1, 0.9, 0.05, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1])
        let given: [[Int]] = [[0], [], [0, 1], [1], [1], []]
        let suspects = ConfidentLearning.suspects(given: .sets(given), probabilities: probabilities)
        #expect(suspects.map { "\($0.row) \($0.label) \($0.correction)" } == ["1 0 add", "2 1 remove"])
    }

    /// Known truth: a tenth of the labels is flipped. Blobs overlap, so that some rows cannot be told.
    @Test(arguments: [UInt64(1), 2, 3]) func flippedLabelsComeFirst(seed: UInt64) {
        let blobs = Blobs(1500, shares: [4, 3, 2, 1], distance: 3, seed: seed)
        let (labels, changed) = blobs.flipped(0.1, seed: seed + 10)
        let rows = labels.enumerated().map { LabelledText(text: "text \($0)", label: "label \($1)") }
        let review = LabelReview(rows: rows, isMultiLabel: false, features: blobs.features, workers: 2)
        let first = review.suspects.prefix(75)
        let precision = Double(first.count { changed.contains($0.row) }) / 75
        #expect(precision >= 0.8, "seed \(seed): \(precision)")
        let corrected = first.count {
            changed.contains($0.row)
                && review.corrected(rows[$0.row], by: $0) == ["label \(blobs.labels[$0.row])"]
        }
        #expect(corrected >= 55, "seed \(seed): \(corrected)")
        #expect(review.unjudgedRows == 0)
    }

    /// Without wrong labels there are few suspects.
    @Test func cleanRowsHaveFewSuspects() {
        let blobs = Blobs(1000, shares: [1, 1, 1], distance: 5, seed: 4)
        let rows = blobs.labels.enumerated().map { LabelledText(text: "text \($0)", label: "label \($1)") }
        let review = LabelReview(rows: rows, isMultiLabel: false, features: blobs.features, workers: 1)
        #expect(review.suspects.count < 30, "\(review.suspects.count)")
    }

    @Test func setsAreReviewedLabelByLabel() {
        let blobs = Blobs(800, shares: [1, 1, 1, 1], distance: 6, seed: 5)
        var rows = blobs.labels.enumerated().map { row, blob in
            LabelledText(text: "text \(row)", labels: [["a", "b"], ["a"], ["b"], []][blob])
        }
        // Label "a" is added to or removed from every twentieth row.
        let changed = Set(stride(from: 0, to: 800, by: 20))
        for row in changed {
            let without = rows[row].labels.filter { $0 != "a" }
            rows[row].labels = without.count < rows[row].labels.count ? without : without + ["a"]
        }
        let review = LabelReview(rows: rows, isMultiLabel: true, features: blobs.features, workers: 2)
        let right = review.suspects.prefix(20).count { changed.contains($0.row) && review.labels[$0.label] == "a" }
        #expect(right >= 16, "\(right) of 20")
    }

    @Test func aLabelOfOneRowIsNotJudged() {
        let blobs = Blobs(100, shares: [1, 1], distance: 5, seed: 6)
        var rows = blobs.labels.enumerated().map { LabelledText(text: "text \($0)", label: "label \($1)") }
        rows[40].label = "rare"
        let review = LabelReview(rows: rows, isMultiLabel: false, features: blobs.features, workers: 1)
        #expect(review.unjudgedRows == 1)
        #expect(!review.suspects.contains { $0.row == 40 })
    }

    @Test func foldsDependOnTheNormalizedTextAlone() {
        let fitting = CrossFitting(workers: 1)
        let folds = (0..<1000).map { fitting.fold(of: NormalizedText("text \($0)")) }
        for fold in 0..<5 { #expect((150...250).contains(folds.count { $0 == fold })) }
        #expect(fitting.fold(of: NormalizedText("Chess  GAME")) == fitting.fold(of: NormalizedText("chess game ")))
        // Held-out texts are spread over the folds: other digits of the hash decide.
        let held = (0..<2000).map { NormalizedText("text \($0)") }.filter { HoldOut().contains($0) }
        #expect(Set(held.map(fitting.fold)).count == 5)
    }

    /// The probabilities of a row do not depend on its own label.
    @Test func theOwnLabelIsNotSeen() {
        let blobs = Blobs(200, shares: [1, 1], seed: 7)
        let folds = (0..<200).map { $0 % 5 }
        func probability(of labels: [Int]) -> [Float] {
            let result = CrossFitting(workers: 2).result(
                features: blobs.features, targets: .classes(labels), labels: 2, foldOfRow: folds)
            return Array(result.probabilities[13])
        }
        var changed = blobs.labels
        changed[13] = 1 - changed[13]
        #expect(probability(of: blobs.labels) == probability(of: changed))
    }
}
