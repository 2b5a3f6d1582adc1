import BERT
import Training

extension Evaluator {
    /// One prediction per row.
    ///
    /// - Parameter progress: gets the number of rows that are done.
    func predictions(_ rows: [LabelledText], adapter: Adapter, progress: (Int) -> Void) -> [Prediction] {
        var predictions: [Prediction] = []
        while predictions.count < rows.count {
            let batch = rows[predictions.count...].prefix(TextInput.batchSize)
            predictions += self.predictions(texts: batch.map(\.text), adapter: adapter)
            progress(predictions.count)
        }
        return predictions
    }
}
