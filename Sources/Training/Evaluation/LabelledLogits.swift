import BERT
import Glibc

/// The logits and labels of the rows whose labels the adapter has: only these have a likelihood.
struct LabelledLogits {
    let targets: TextTargets
    /// [rows, labels].
    let logits: [[Float]]
    /// Number of labels.
    let labels: Int

    init(rows: [LabelledText], predictions: [Prediction], adapter: Adapter) {
        let places = Dictionary(zip(adapter.labels, adapter.labels.indices), uniquingKeysWith: { first, _ in first })
        var sets: [[Int]] = []
        var logits: [[Float]] = []
        for (row, prediction) in zip(rows, predictions) {
            let set = row.labels.compactMap { places[$0] }
            guard set.count == row.labels.count, adapter.manifest.isMultiLabel || set.count == 1 else { continue }
            sets.append(set)
            logits.append(prediction.logits)
        }
        self.logits = logits
        labels = adapter.labels.count
        targets = adapter.manifest.isMultiLabel ? .sets(sets) : .classes(sets.map { $0[0] })
    }

    /// Mean negative log-likelihood of the logits divided by a temperature; nil without rows.
    func loss(temperature: Double) -> Double? {
        if logits.isEmpty { return nil }
        var sum = 0.0
        switch targets {
        case .classes(let classes):
            for (text, target) in zip(logits, classes) {
                let x = text.map { Double($0) / temperature }
                let highest = x.max() ?? 0
                sum += highest + log(x.reduce(0) { $0 + exp($1 - highest) }) - x[target]
            }
            return sum / Double(logits.count)
        case .sets(let sets):
            for (text, set) in zip(logits, sets) {
                for (label, logit) in text.enumerated() {
                    let x = Double(logit) / temperature
                    sum += max(set.contains(label) ? -x : x, 0) + log1p(exp(-abs(x)))
                }
            }
            return sum / Double(logits.count * max(labels, 1))
        }
    }
}
