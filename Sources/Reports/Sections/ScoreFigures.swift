import BERT
import Training

/// How reliable an adapter's scores are on labelled rows, without and with its temperature.
struct ScoreFigures {
    /// The scores at one temperature.
    struct Reliability {
        let bins: [Calibration.Bin]
        /// Expected calibration error: the mean distance of score and accuracy over the bins, weighted by their counts.
        let error: Double
        /// Mean negative log-likelihood of the rows whose label the adapter knows.
        let loss: Double
    }

    let rows: Int
    let temperature: Double?
    /// At temperature 1.
    let raw: Reliability
    /// At the adapter's own temperature; nil where it has none.
    let fitted: Reliability?
    let coverage: CoverageSteps

    /// Nil where there are no rows.
    init?(rows: [LabelledText], predictions: [Prediction], adapter: Adapter) {
        guard !rows.isEmpty, rows.count == predictions.count else { return nil }
        self.rows = rows.count
        temperature = adapter.manifest.temperature
        let calibration = Calibration(rows: rows, predictions: predictions, adapter: adapter)
        raw = Reliability(
            bins: calibration.binsBefore, error: calibration.errorBefore, loss: calibration.lossBefore)
        let scaled = Reliability(
            bins: calibration.binsAfter, error: calibration.errorAfter, loss: calibration.lossAfter)
        fitted = temperature == nil ? nil : scaled
        coverage = CoverageSteps(rows: rows, predictions: predictions)
    }
}
