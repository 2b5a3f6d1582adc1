import Glibc
import Kernels

/// An adapter's answer for one text.
public struct Answer: Sendable, Equatable {
    /// The probability of each label, in the adapter's order. They add up to 1 unless the task is multi-label.
    public var scores: [Double]
    /// The index of the label with the highest score.
    public var best: Int
    /// The indices of all labels that hold; `best` alone unless the task is multi-label.
    public var chosen: [Int]

    /// The highest score.
    public var score: Double { scores[best] }
}

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

/// 1 / (1 + e^−x), without overflow.
public func sigmoid(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}

/// The probabilities of logits, which are first divided by the temperature.
public func softmax(_ logits: [Float], temperature: Float = 1) -> [Float] {
    var result = logits
    result.withUnsafeMutableBufferPointer { buffer in
        guard let x = buffer.baseAddress else { return }
        Kernels.softmax(
            rows: 1, columns: buffer.count, x: x, xStride: buffer.count, scale: 1 / temperature, y: x,
            yStride: buffer.count)
    }
    return result
}
