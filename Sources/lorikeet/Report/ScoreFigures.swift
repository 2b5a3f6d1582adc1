import BERT
import Foundation
import Training

/// What the scores of answers to labelled rows are worth: set against how often they are right, with and without the adapter's temperature.
struct ScoreFigures {
    /// The scores under one temperature.
    struct Reliability {
        let bins: [ReliabilityDiagram.Bin]
        /// Expected calibration error: the mean distance between score and share of right answers over the bins, by their counts.
        let error: Double
        /// Mean negative log-likelihood of the rows whose label the adapter knows.
        let loss: Double
    }

    /// Answering only what scores at least `threshold`.
    struct Coverage {
        let threshold: Double
        let coverage: Double
        let precision: Double
    }

    let rows: Int
    let temperature: Double?
    /// At the temperature 1.
    let raw: Reliability
    /// At the adapter's own; nil where it has none.
    let fitted: Reliability?
    /// By rising threshold: from every row to the surest ones.
    let coverage: [Coverage]

    /// nil of no rows.
    init?(rows: [LabelledText], predictions: [Prediction], adapter: Adapter) {
        guard !rows.isEmpty, rows.count == predictions.count else { return nil }
        self.rows = rows.count
        temperature = adapter.manifest.temperature
        let calibration = Calibration(rows: rows, predictions: predictions, adapter: adapter)
        raw = Reliability(
            bins: calibration.binsBefore.map(Self.bin), error: calibration.errorBefore, loss: calibration.lossBefore)
        fitted =
            temperature == nil
            ? nil
            : Reliability(bins: calibration.binsAfter.map(Self.bin), error: calibration.errorAfter, loss: calibration.lossAfter)
        coverage = Self.coverage(
            zip(rows, predictions).map { row, prediction in
                (prediction.score, prediction.labels.count, prediction.labels.count { row.labels.contains($0) })
            })
    }

    private static func bin(_ bin: Calibration.Bin) -> ReliabilityDiagram.Bin {
        ReliabilityDiagram.Bin(
            lower: bin.lower, upper: bin.upper, count: bin.count, meanScore: bin.meanScore, accuracy: bin.accuracy)
    }

    /// - Parameter answers: of each row the best score, the labels given, and those of them that are right.
    private static func coverage(_ answers: [(score: Double, given: Int, right: Int)]) -> [Coverage] {
        let sorted = answers.sorted { $0.score > $1.score }
        var points: [Coverage] = []
        var (given, right) = (0, 0)
        for (place, answer) in sorted.enumerated() {
            given += answer.given
            right += answer.right
            // Rows of one score are answered together.
            if place + 1 < sorted.count, sorted[place + 1].score == answer.score { continue }
            points.append(
                Coverage(
                    threshold: answer.score, coverage: Double(place + 1) / Double(sorted.count),
                    precision: given == 0 ? 1 : Double(right) / Double(given)))
        }
        return points.reversed()
    }

    /// The lowest threshold whose answers are of this precision, and no fewer than ten; nil where there is none.
    func coverage(ofPrecision wanted: Double) -> Coverage? {
        coverage.first { $0.precision >= wanted && $0.coverage * Double(rows) >= 9.5 }
    }

    /// The curve with at most so many points, spread evenly.
    func curve(points limit: Int) -> [Coverage] {
        guard coverage.count > limit else { return coverage }
        return (0..<limit).map { coverage[$0 * (coverage.count - 1) / (limit - 1)] }
    }
}
