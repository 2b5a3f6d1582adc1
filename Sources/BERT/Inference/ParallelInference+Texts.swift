import Synchronization
import Threading

extension ParallelInference {
    /// An adapter's answer for a text.
    public struct TextAnswer: Sendable {
        /// The number of the text.
        public let text: Int
        /// The index of the adapter.
        public let adapter: Int
        /// The sequences of the text.
        public let encoded: EncodedText
        /// The logits, pooled where the text has several windows.
        public let pooled: PooledLogits
        /// What the classifier layer has seen of the loudest window, [hidden].
        public let vector: [Float]
    }

    /// Calls `body` with the answers for texts 0 ..< count by each adapter, on the workers' threads and in no
    /// particular order.
    ///
    /// - Parameters:
    ///   - adapters: all over this base.
    ///   - pool: how the windows of a long text become one answer.
    ///   - text: makes a text's sequences. Called once per text, on the workers' threads.
    public func forEachText(
        count: Int, adapters: [Adapter], pool: LongTexts.Pool = .mean, text: @Sendable (Int) -> EncodedText,
        _ body: @Sendable (TextAnswer) -> Void
    ) {
        let next = Mutex(0)
        WorkerTeam.run(count: min(workers, max(count, 1)), name: "inference") { _ in
            let pass = InferencePass(base: base)
            var worker = TextWorker(adapters: adapters, pool: pool)
            while true {
                while worker.waitingTokens < batchTokens {
                    let index = next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    guard index < count else { break }
                    worker.add(text(index), number: index)
                }
                guard worker.waitingTokens > 0 else { return }
                worker.run(pass, batchTokens: batchTokens, body)
            }
        }
    }

    /// The texts of one worker whose windows are not all computed yet.
    private struct TextWorker {
        let adapters: [Adapter]
        let pool: LongTexts.Pool
        private(set) var waitingTokens = 0
        private var waiting: [(text: Int, window: Int)] = []
        private var texts: [Int: Pending] = [:]

        private struct Pending {
            let encoded: EncodedText
            var missing: Int
            /// [adapters][windows][labels].
            var logits: [[[Float]]]
            /// [adapters][windows][hidden].
            var vectors: [[[Float]]]
        }

        init(adapters: [Adapter], pool: LongTexts.Pool) { (self.adapters, self.pool) = (adapters, pool) }

        mutating func add(_ encoded: EncodedText, number: Int) {
            let none = [[[Float]]](repeating: Array(repeating: [], count: encoded.windows.count), count: adapters.count)
            texts[number] = Pending(
                encoded: encoded, missing: encoded.windows.count, logits: none, vectors: none)
            for (window, content) in encoded.windows.enumerated() {
                waiting.append((number, window))
                waitingTokens += max(content.tokens.count, 1)
            }
        }

        /// Computes one batch of the windows that wait.
        mutating func run(_ pass: InferencePass, batchTokens: Int, _ body: (TextAnswer) -> Void) {
            var batch = PackedBatch()
            var taken: [(text: Int, window: Int)] = []
            for place in waiting {
                if batch.tokenCount >= batchTokens { break }
                guard let text = texts[place.text] else { continue }
                batch.append(text.encoded.windows[place.window].tokens)
                taken.append(place)
            }
            waiting.removeFirst(taken.count)
            waitingTokens -= batch.tokenCount
            let assignments = [[Int]](repeating: Array(adapters.indices), count: taken.count)
            pass.forEachVector(batch, adapters: adapters, assignments: assignments) { place, adapter, logits, vector in
                let (text, window) = taken[place]
                texts[text]?.logits[adapter][window] = Array(logits)
                texts[text]?.vectors[adapter][window] = Array(vector)
            }
            for (text, _) in taken {
                texts[text]?.missing -= 1
                if let whole = texts[text], whole.missing == 0 { finish(text, whole, body) }
            }
        }

        private mutating func finish(_ number: Int, _ text: Pending, _ body: (TextAnswer) -> Void) {
            texts[number] = nil
            let tokens = text.encoded.windows.map(\.tokens.count)
            for (index, adapter) in adapters.enumerated() {
                let pooled = PooledLogits(
                    text.logits[index], tokens: tokens, pool: pool, isMultiLabel: adapter.manifest.isMultiLabel)
                body(
                    TextAnswer(
                        text: number, adapter: index, encoded: text.encoded, pooled: pooled,
                        vector: text.vectors[index][pooled.loudest]))
            }
        }
    }
}
