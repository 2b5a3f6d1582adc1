import BERT
import Synchronization
import Threading
import WordPiece

/// Computes what the frozen base sees of texts, on all cores. It blocks the calling thread.
///
/// A text's vector is the mean of its tokens' states above the last layer, and the mean of those above the middle one,
/// each of length 1. The last layer knows what a text is about, the middle one more of how it is put: question types
/// need both.
public struct FeatureEncoder: Sendable {
    private let base: BERTBase
    private let tokenizer: WordPieceTokenizer
    private let workers: Int
    private let maxTokens: Int

    /// The batch's tokens: as many as inference takes.
    private static let batchTokens = 512

    /// - Parameters:
    ///   - workers: threads.
    ///   - maxTokens: texts are cut to this many tokens, or to the positions of the base if these are fewer.
    public init(base: BERTBase, tokenizer: WordPieceTokenizer, workers: Int, maxTokens: Int) {
        (self.base, self.tokenizer, self.workers) = (base, tokenizer, max(workers, 1))
        self.maxTokens = min(maxTokens, base.configuration.positions)
    }

    /// The vectors of the texts, in their order.
    ///
    /// - Parameter progress: gets the number of texts that are done, on the workers' threads.
    public func features(_ texts: [String], progress: @Sendable (Int) -> Void = { _ in }) -> FeatureMatrix {
        let total = Mutex(0)
        let vectors = WorkerTeam.map(
            batches(of: texts), count: workers, name: "features", keeping: { InferencePass(base: base) }
        ) { pass, batch in
            let sequences = texts[batch].map { tokenizer.encode($0, maxTokens: maxTokens) }
            let vectors = self.vectors(PackedBatch(sequences), pass)
            let done = total.withLock { total in
                total += batch.count
                return total
            }
            progress(done)
            return vectors
        }
        return FeatureMatrix(columns: 2 * base.configuration.hidden, values: vectors.joined().flatMap(\.self))
    }

    /// By bytes, of which a token has about four, because a batch is closed before it is tokenized.
    private func batches(of texts: [String]) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var (start, bytes) = (0, 0)
        for (index, text) in texts.enumerated() {
            bytes += min(text.utf8.count, maxTokens * 4) + 8
            guard bytes >= Self.batchTokens * 4 || index == texts.count - 1 else { continue }
            batches.append(start..<index + 1)
            (start, bytes) = (index + 1, 0)
        }
        return batches
    }

    private func vectors(_ batch: PackedBatch, _ pass: InferencePass) -> [[Float]] {
        let (hidden, layers) = (base.configuration.hidden, base.configuration.layers)
        let last = pass.hiddenStates(below: layers, batch)
        let middle = pass.hiddenStates(below: max(layers / 2, 1), batch)
        return (0..<batch.sequenceCount).map { sequence in
            let tokens = batch.range(of: sequence)
            return Self.mean(last, tokens, hidden) + Self.mean(middle, tokens, hidden)
        }
    }

    /// The mean of some rows of states[tokens, hidden], scaled to length 1.
    private static func mean(_ states: [Float], _ tokens: Range<Int>, _ hidden: Int) -> [Float] {
        var sum = [Float](repeating: 0, count: hidden)
        for token in tokens {
            for column in 0..<hidden { sum[column] += states[token * hidden + column] }
        }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
    }
}
