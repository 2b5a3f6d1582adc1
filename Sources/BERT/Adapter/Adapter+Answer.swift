import Glibc
import Kernels

extension Adapter {
    /// The answer that the head's logits give: probabilities at the adapter's temperature, and the labels that hold.
    ///
    /// - Parameter logits: one per label.
    public func answer(_ logits: [Float]) -> Answer {
        let temperature = manifest.temperature ?? 1
        // By logits, because two of them may round to the same probability.
        var best = 0
        for place in logits.indices where logits[place] > logits[best] { best = place }
        guard manifest.isMultiLabel else {
            let scores = softmax(logits, temperature: Float(temperature)).map(Double.init)
            return Answer(scores: scores, best: best, chosen: [best])
        }
        let scores = logits.map { sigmoid(Double($0) / temperature) }
        let chosen = scores.indices.filter { scores[$0] >= manifest.thresholds?[$0] ?? 0.5 }
        return Answer(scores: scores, best: best, chosen: Array(chosen))
    }
}
