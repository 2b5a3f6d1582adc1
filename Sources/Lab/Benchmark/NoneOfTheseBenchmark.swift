import BERT
import Drift
import JSON
import Training
import WordPiece

/// Measures how well the distances of an adapter's drift reference tell texts unlike its labels from others: rows with
/// a label that the adapter does not know, such as `oos` of CLINC150, from the rest.
public struct NoneOfTheseBenchmark {
    private let tokenizer: WordPieceTokenizer
    private let adapter: Adapter
    private let reference: DriftReference
    private let spread: DistanceSpread
    private let maxTokens: Int
    private let measurement: ReferenceMeasurement
    private let evaluator: Evaluator

    /// The shares of false alarms whose thresholds are measured.
    static let shares = [0.05, 0.01, 0.001]

    /// - Parameters:
    ///   - reference: that of the adapter.
    ///   - maxTokens: longer texts are truncated.
    ///   - workers: threads that classify.
    /// - Throws: if the reference does not say what distances are usual.
    public init(
        base: BERTBase, tokenizer: WordPieceTokenizer, adapter: Adapter, reference: DriftReference?, maxTokens: Int,
        workers: Int
    ) throws {
        guard let reference, let spread = reference.spread else {
            throw LabError(
                "the adapter has no drift reference with distances: train it with at least "
                    + "\(DriftReference.minimumTexts) validation rows")
        }
        (self.tokenizer, self.adapter, self.maxTokens) = (tokenizer, adapter, maxTokens)
        (self.reference, self.spread) = (reference, spread)
        measurement = ReferenceMeasurement(base: base, workers: workers, unknownToken: tokenizer.unknownID)
        evaluator = Evaluator(base: base, tokenizer: tokenizer, workers: workers, maxTokens: maxTokens)
    }

    /// Runs once.
    public func run(_ rows: [LabelledText]) throws -> JSONValue {
        let known = Set(adapter.labels)
        let isUnlike = rows.map { !known.isSuperset(of: $0.labels) }
        let unlike = isUnlike.count { $0 }
        guard unlike > 0, unlike < rows.count else {
            throw LabError(
                "\(unlike) of \(rows.count) rows have a label that the adapter does not know; some must, but not all")
        }
        let (tokenizer, maxTokens) = (tokenizer, maxTokens)
        let texts = ReferenceMeasurement.Texts(count: rows.count) {
            tokenizer.encode(rows[$0].text, maxTokens: maxTokens)
        }
        let distances = measurement.relativeDistances(of: adapter, texts, reference: reference).map { $0 ?? 0 }
        let scores = evaluator.predictions(texts: rows.map(\.text), adapter: adapter).map(\.score)
        return .object([
            ("name", .string("none-of-these")), ("like", .integer(rows.count - unlike)), ("unlike", .integer(unlike)),
            ("reference_texts", .integer(spread.texts)),
            ("auroc_distance", .rounded(Self.areaUnderCurve(distances, isUnlike), 4)),
            // The usual baseline: texts with a low score are unlike.
            ("auroc_score", .rounded(Self.areaUnderCurve(scores.map { -$0 }, isUnlike), 4)),
            ("thresholds", .array(Self.shares.map { threshold($0, distances, isUnlike) })),
        ])
    }

    private func threshold(_ share: Double, _ distances: [Double], _ isUnlike: [Bool]) -> JSONValue {
        guard let threshold = spread.distance(exceededBy: share) else {
            return .object([("false_alarms_promised", .number(share)), ("distance", .null)])
        }
        func shareBeyond(unlike: Bool) -> JSONValue {
            let chosen = zip(distances, isUnlike).filter { $0.1 == unlike }
            return .rounded(Double(chosen.count { $0.0 > threshold }) / Double(max(chosen.count, 1)), 4)
        }
        return .object([
            ("false_alarms_promised", .number(share)), ("distance", .rounded(threshold, 3)),
            ("false_alarms", shareBeyond(unlike: false)), ("caught", shareBeyond(unlike: true)),
        ])
    }

    /// The probability that a positive has a higher value than a negative, by the ranks; equal values count half.
    static func areaUnderCurve(_ values: [Double], _ isPositive: [Bool]) -> Double {
        let order = values.indices.sorted { values[$0] < values[$1] }
        let positives = Double(isPositive.count { $0 })
        let negatives = Double(values.count) - positives
        var (sum, start) = (0.0, 0)
        while start < order.count {
            var end = start
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            // Ranks count from 1; equal values share the mean of theirs.
            let rank = Double(start + end + 1) / 2
            sum += rank * Double(order[start..<end].count { isPositive[$0] })
            start = end
        }
        guard positives > 0, negatives > 0 else { return 0.5 }
        return (sum - positives * (positives + 1) / 2) / (positives * negatives)
    }
}
