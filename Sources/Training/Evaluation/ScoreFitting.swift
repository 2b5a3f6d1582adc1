import BERT

/// Fits what turns logits into predictions, on validation rows: temperature, thresholds, abstention thresholds.
struct ScoreFitting {
    struct Result {
        var adapter: Adapter
        var evaluation: Evaluation?
        var calibration: Calibration?
        var coverage: CoverageCurve?
    }

    let evaluator: Evaluator
    /// Precisions to keep an abstention threshold for, besides whole hundredths.
    let precisions: [Double]

    /// The adapter with the fitted values in its manifest, and its metrics on these rows. Without rows, the adapter is
    /// unchanged.
    func result(_ adapter: Adapter, _ rows: [LabelledText]) throws(AdapterError) -> Result {
        if rows.isEmpty { return Result(adapter: adapter) }
        let raw = evaluator.predictions(texts: rows.map(\.text), adapter: adapter)
        let known = LabelledLogits(rows: rows, predictions: raw, adapter: adapter)
        let temperature = Calibration.temperature(known)
        let thresholds = Self.thresholds(known, temperature: temperature ?? 1)
        var fitted = try adapter.with { manifest in
            manifest.temperature = temperature
            manifest.thresholds = thresholds
        }
        let predictions = raw.map { Prediction(logits: $0.logits, adapter: fitted) }
        let calibration = temperature == nil ? nil : Calibration(rows: rows, predictions: predictions, adapter: fitted)
        let steps = CoverageSteps(rows: rows, predictions: predictions)
        let points = steps.points(precisions: precisions)
        fitted = try fitted.with { manifest in
            manifest.abstention = points.isEmpty ? nil : points
            manifest.calibration = calibration.map {
                CalibrationFigures(errorBefore: $0.errorBefore, errorAfter: $0.errorAfter, rows: $0.rows)
            }
        }
        return Result(
            adapter: fitted, evaluation: Evaluation(rows: rows, predictions: predictions, adapter: fitted),
            calibration: calibration, coverage: steps.curve)
    }

    /// For each label of a multi-label task the threshold with the highest F1, halfway between two scores that occur.
    /// Of equal thresholds it is the one nearest to 0.5. A label that no row has keeps 0.5.
    static func thresholds(_ rows: LabelledLogits, temperature: Double) -> [Double]? {
        guard case .sets(let sets) = rows.targets, rows.logits.count >= Calibration.minimumRows else { return nil }
        return (0..<rows.labels).map { label in
            let scored = zip(rows.logits, sets)
                .map { (score: sigmoid(Double($0[label]) / temperature), holds: $1.contains(label)) }
                .sorted { $0.score > $1.score }
            return threshold(scored)
        }
    }

    /// - Parameter scored: in descending order of scores.
    private static func threshold(_ scored: [(score: Double, holds: Bool)]) -> Double {
        let all = scored.count { $0.holds }
        if all == 0 { return 0.5 }
        var best = (f1: -1.0, threshold: 0.5)
        var right = 0
        for (place, row) in scored.enumerated() {
            if row.holds { right += 1 }
            let next = place + 1 < scored.count ? scored[place + 1].score : 0
            if next == row.score { continue }
            let f1 = 2 * Double(right) / Double(place + 1 + all)
            let threshold = (row.score + next) / 2
            if f1 > best.f1 || f1 == best.f1 && abs(threshold - 0.5) < abs(best.threshold - 0.5) {
                best = (f1, threshold)
            }
        }
        return best.threshold
    }
}
