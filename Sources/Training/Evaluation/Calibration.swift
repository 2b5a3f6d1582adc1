import BERT
import Glibc

/// How well scores predict the share of correct labels, before and after the temperature (arXiv 1706.04599).
public struct Calibration: Sendable, Codable, Equatable {
    /// The predictions whose scores lie between two bounds.
    public struct Bin: Sendable, Codable, Equatable {
        /// Scores are above this.
        public var lower: Double
        /// Scores are at most this.
        public var upper: Double
        /// Number of predictions.
        public var count: Int
        /// Mean of the scores; 0 without predictions.
        public var meanScore: Double
        /// Share of correct predictions; 0 without predictions.
        public var accuracy: Double
    }

    /// What logits are divided by.
    public var temperature: Double
    /// Expected calibration error at temperature 1: the mean distance between score and accuracy over the bins,
    /// weighted by their counts.
    public var errorBefore: Double
    /// Expected calibration error at the temperature.
    public var errorAfter: Double
    /// Mean negative log-likelihood at temperature 1, per text; in a multi-label task per text and label.
    public var lossBefore: Double
    /// Mean negative log-likelihood at the temperature.
    public var lossAfter: Double
    /// Number of texts that it was computed on.
    public var rows: Int
    /// Bins of equal width at temperature 1.
    public var binsBefore: [Bin]
    /// Bins of equal width at the temperature.
    public var binsAfter: [Bin]
}

extension Calibration {
    /// With fewer rows no temperature is fitted: a handful of correct answers would give scores of 1.
    static let minimumRows = 20
    private static let binCount = 15

    /// Evaluates the scores of an adapter at its own temperature, and at 1.
    ///
    /// If texts have one label, the highest score is compared with whether that label is correct. In a multi-label task
    /// the score of every label is compared with whether it holds.
    public init(rows: [LabelledText], predictions: [Prediction], adapter: Adapter) {
        let known = LabelledLogits(rows: rows, predictions: predictions, adapter: adapter)
        let temperature = adapter.manifest.temperature ?? 1
        let before = Self.bins(known, temperature: 1)
        let after = Self.bins(known, temperature: temperature)
        self.init(
            temperature: temperature, errorBefore: Self.error(before), errorAfter: Self.error(after),
            lossBefore: known.loss(temperature: 1) ?? 0, lossAfter: known.loss(temperature: temperature) ?? 0,
            rows: known.logits.count,
            binsBefore: before, binsAfter: after)
    }

    /// The temperature with the lowest loss, between 0.1 and 10; nil if there are too few rows.
    ///
    /// The loss is convex in 1/temperature, so golden-section search finds its minimum.
    static func temperature(_ rows: LabelledLogits) -> Double? {
        guard rows.logits.count >= minimumRows else { return nil }
        func loss(_ exponent: Double) -> Double { rows.loss(temperature: exp(exponent)) ?? 0 }
        let ratio = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(0.1), log(10.0))
        var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
        var (lossLeft, lossRight) = (loss(left), loss(right))
        for _ in 0..<40 {
            if lossLeft <= lossRight {
                (high, right, lossRight) = (right, left, lossLeft)
                left = high - ratio * (high - low)
                lossLeft = loss(left)
            } else {
                (low, left, lossLeft) = (left, right, lossRight)
                right = low + ratio * (high - low)
                lossRight = loss(right)
            }
        }
        return exp((low + high) / 2)
    }

    private static func bins(_ rows: LabelledLogits, temperature: Double) -> [Bin] {
        var sums = [(count: Int, score: Double, right: Int)](repeating: (0, 0, 0), count: binCount)
        func note(_ score: Double, _ isRight: Bool) {
            // An adapter that diverged has scores that are not numbers.
            guard score.isFinite else { return }
            let bin = min(max(Int((score * Double(binCount)).rounded(.up)) - 1, 0), binCount - 1)
            sums[bin].count += 1
            sums[bin].score += score
            sums[bin].right += isRight ? 1 : 0
        }
        switch rows.targets {
        case .classes(let classes):
            for (logits, target) in zip(rows.logits, classes) {
                let scores = softmax(logits, temperature: Float(temperature))
                var best = 0
                for place in logits.indices where logits[place] > logits[best] { best = place }
                if !scores.isEmpty { note(Double(scores[best]), best == target) }
            }
        case .sets(let sets):
            for (logits, set) in zip(rows.logits, sets) {
                for (label, logit) in logits.enumerated() {
                    note(sigmoid(Double(logit) / temperature), set.contains(label))
                }
            }
        }
        return sums.enumerated().map { place, sum in
            Bin(
                lower: Double(place) / Double(binCount), upper: Double(place + 1) / Double(binCount), count: sum.count,
                meanScore: sum.count == 0 ? 0 : sum.score / Double(sum.count),
                accuracy: sum.count == 0 ? 0 : Double(sum.right) / Double(sum.count))
        }
    }

    private static func error(_ bins: [Bin]) -> Double {
        let count = bins.reduce(0) { $0 + $1.count }
        if count == 0 { return 0 }
        return bins.reduce(0) { $0 + Double($1.count) * abs($1.meanScore - $1.accuracy) } / Double(count)
    }
}
