import BERT
import WordPiece

/// Stage 4: makes sequences of a text, as each of its tasks reads it.
struct TextReader {
    let tokenizer: WordPieceTokenizer
    /// What a text is cut to for tasks without windows.
    let maxTokens: Int
    /// Tokens that the base has positions for.
    let positions: Int

    /// The sequences of a text, and for each task the tokens of a text that it reads in windows. Tasks that read the
    /// text alike share its sequences.
    func windows(
        of text: String, tasks: [TaskDefinition]
    ) -> (windows: [PreparedText.Window], longTextTokens: [Int?]) {
        var readers: [(longTexts: LongTexts?, tasks: [Int])] = []
        for (place, task) in tasks.enumerated() {
            if let known = readers.firstIndex(where: { $0.longTexts == task.longTexts }) {
                readers[known].tasks.append(place)
            } else {
                readers.append((task.longTexts, [place]))
            }
        }
        var windows: [PreparedText.Window] = []
        var longTextTokens = [Int?](repeating: nil, count: tasks.count)
        for (longTexts, tasks) in readers {
            let encoded = TextEncoder(
                tokenizer: tokenizer, maxTokens: maxTokens, longTexts: longTexts?.fitting(positions: positions)
            ).encode(text)
            for task in tasks { longTextTokens[task] = encoded.longTextTokens }
            for window in encoded.windows { add(window, tasks, to: &windows) }
        }
        return (windows, longTextTokens)
    }

    private func add(_ window: EncodedText.Window, _ tasks: [Int], to windows: inout [PreparedText.Window]) {
        // A short text is the same sequence for all its tasks, and windows do not depend on how they are pooled.
        if let known = windows.firstIndex(where: {
            $0.characters == window.characters && $0.tokens == window.tokens
        }) {
            windows[known].tasks += tasks
            return
        }
        windows.append(
            PreparedText.Window(
                tokens: window.tokens, unknownTokens: window.tokens.count { $0 == tokenizer.unknownID },
                characters: window.characters, tasks: tasks))
    }
}
