import BERT
import Drift
import Serving
import Training

/// What giving no label to texts beyond a distance gains and costs on labelled rows.
public struct NoneOfTheseFigures: Sendable, Equatable {
    /// The largest distance of a text that gets a label.
    public let threshold: Double
    /// The share of rows that get a label.
    public let coverage: Double
    /// The share of right labels, or right sets, among these; nil if no row gets a label.
    public let accuracy: Double?
    /// The share of rows that get no label although the adapter knows all their labels; nil without such rows.
    public let falseAlarms: Double?
    /// The share of rows that get no label among those with a label that the adapter does not know; nil without such
    /// rows.
    public let caught: Double?

    /// - Parameters:
    ///   - distances: of each row; nil: unknown, so that the row gets a label.
    ///   - known: the adapter's labels.
    init(
        rows: [LabelledText], predictions: [Prediction], distances: [Double?], threshold: Double, known: Set<String>
    ) {
        self.threshold = threshold
        var (labelled, right, ofKnown, falseAlarms, ofUnknown, caught) = (0, 0, 0, 0, 0, 0)
        for (row, (prediction, distance)) in zip(rows, zip(predictions, distances)) {
            let isBeyond = distance.map { $0 > threshold } ?? false
            if known.isSuperset(of: row.labels) {
                ofKnown += 1
                if isBeyond { falseAlarms += 1 }
            } else {
                ofUnknown += 1
                if isBeyond { caught += 1 }
            }
            guard !isBeyond else { continue }
            labelled += 1
            if Set(row.labels) == Set(prediction.labels) { right += 1 }
        }
        func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
        coverage = share(labelled, of: rows.count) ?? 0
        accuracy = share(right, of: labelled)
        self.falseAlarms = share(falseAlarms, of: ofKnown)
        self.caught = share(caught, of: ofUnknown)
    }
}
