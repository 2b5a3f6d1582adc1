import AdapterRegistry
import BERT
import Drift

/// What all windows of a text say for one of its tasks.
struct PooledReading {
    let task: TaskDefinition
    /// The same for all windows, because they see the same snapshot.
    let live: LiveAdapter
    /// The windows that the task reads.
    private let windows: [PreparedText.Window]
    private let readings: [WindowResult.Reading]
    private let longTextTokens: Int?

    /// - Parameters:
    ///   - place: of the task among those of the text.
    ///   - results: of all windows of the text. Each task reads at least one.
    init(_ text: PreparedText, task place: Int, _ results: [WindowResult]) {
        task = text.tasks[place]
        longTextTokens = text.longTextTokens[place]
        var windows: [PreparedText.Window] = []
        var readings: [WindowResult.Reading] = []
        for (window, result) in zip(text.windows, results) {
            guard let index = window.tasks.firstIndex(of: place) else { continue }
            windows.append(window)
            readings.append(result.readings[index])
        }
        (self.windows, self.readings) = (windows, readings)
        live = readings[0].live
    }

    /// The tokens of all windows.
    var tokens: Int { windows.reduce(0) { $0 + $1.tokens.count } }

    /// The number of `[UNK]` among them.
    var unknownTokens: Int { windows.reduce(0) { $0 + $1.unknownTokens } }

    /// The challenger in shadow; nil if there is none, or it has failed since the first window.
    var shadow: ShadowAdapter? {
        readings.allSatisfy { $0.shadow != nil } ? readings[0].shadow?.adapter : nil
    }

    /// An adapter's answer for the text.
    struct PooledAnswer {
        let answer: Answer
        /// The window that gives the best label its highest probability.
        let loudest: Int
        /// Of that window.
        let distances: TextDistances
    }

    func pooledAnswer(of adapter: Adapter) throws(ClassifyError) -> PooledAnswer {
        try pooled(readings.map(\.answer), adapter)
    }

    func pooledAnswer(ofShadow shadow: ShadowAdapter) throws(ClassifyError) -> PooledAnswer {
        try pooled(readings.compactMap { $0.shadow?.answer }, shadow.adapter)
    }

    private func pooled(_ answers: [WindowResult.Answer], _ adapter: Adapter) throws(ClassifyError) -> PooledAnswer {
        guard answers.allSatisfy({ !$0.logits.isEmpty && $0.logits.allSatisfy(\.isFinite) }) else {
            throw .notANumber(task: task.name)
        }
        let pooled = PooledLogits(
            answers.map(\.logits), tokens: windows.map(\.tokens.count), pool: task.longTexts?.pool ?? .mean,
            isMultiLabel: adapter.manifest.isMultiLabel)
        return PooledAnswer(
            answer: adapter.answer(pooled.logits), loudest: pooled.loudest, distances: answers[pooled.loudest].distances
        )
    }

    /// What the row of a long text says of its windows; nil for other texts.
    func longText(loudest: Int) -> LongTextReading? {
        guard let longTextTokens, let evidence = windows[loudest].characters else { return nil }
        return LongTextReading(windows: windows.count, tokens: longTextTokens, evidence: evidence)
    }
}
