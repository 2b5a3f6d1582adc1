import BERT
import TestSupport
import Testing
import WordPiece

@testable import Training

@Suite struct FeatureEncoderTests {
    @Test func aTextHasTheSameVectorInEveryBatch() throws {
        let task = try ToyTask(rows: 60)
        let texts = task.rows.map(\.text) + ["", "red"]
        func features(_ texts: [String], workers: Int) -> FeatureMatrix {
            FeatureEncoder(base: task.base, tokenizer: task.tokenizer, workers: workers, maxTokens: 32).features(texts)
        }
        let all = features(texts, workers: 3)
        #expect(all.rows == texts.count && all.columns == 2 * task.base.configuration.hidden)
        for place in [0, 17, 59, 60, 61] {
            let alone = features([texts[place]], workers: 1)
            for (left, right) in zip(alone[0], all[place]) { #expect(abs(left - right) < 1e-4) }
        }
        #expect(features([], workers: 2).rows == 0)
    }

    @Test func halvesHaveLengthOne() throws {
        let task = try ToyTask(rows: 4)
        let features = FeatureEncoder(base: task.base, tokenizer: task.tokenizer, workers: 1, maxTokens: 32)
            .features(task.rows.map(\.text))
        let hidden = task.base.configuration.hidden
        for row in 0..<features.rows {
            let vector = Array(features[row])
            for half in [vector.prefix(hidden), vector.suffix(hidden)] {
                #expect(abs(half.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
            }
        }
    }

    /// Even a random base tells colours apart, which is what a review needs.
    @Test func aReviewFindsWrongColours() throws {
        let task = try ToyTask(rows: 1)
        var rows = (0..<240).map { index in
            let colour = ToyTask.colours[index % 3]
            return LabelledText(text: "\(colour) \(colour) \(colour) x\(index)", label: colour)
        }
        let wrong = Set(stride(from: 5, to: 240, by: 24))
        for row in wrong { rows[row].label = rows[row].label == "red" ? "blue" : "red" }
        let features = FeatureEncoder(base: task.base, tokenizer: task.tokenizer, workers: 2, maxTokens: 32)
            .features(rows.map(\.text))
        let review = LabelReview(rows: rows, isMultiLabel: false, features: features, workers: 2)
        // Chance would find one in twenty-four.
        let found = review.suspects.prefix(10).count { wrong.contains($0.row) }
        #expect(found >= 4, "\(found) of 10")
    }
}
