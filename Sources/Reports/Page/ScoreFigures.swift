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

    let rows: Int
    let temperature: Double?
    /// At the temperature 1.
    let raw: Reliability
    /// At the adapter's own; nil where it has none.
    let fitted: Reliability?
    /// What abstaining gives.
    let coverage: CoverageSteps

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
            : Reliability(
                bins: calibration.binsAfter.map(Self.bin), error: calibration.errorAfter, loss: calibration.lossAfter)
        coverage = CoverageSteps(rows: rows, predictions: predictions)
    }

    private static func bin(_ bin: Calibration.Bin) -> ReliabilityDiagram.Bin {
        ReliabilityDiagram.Bin(
            lower: bin.lower, upper: bin.upper, count: bin.count, meanScore: bin.meanScore, accuracy: bin.accuracy)
    }
}
