import JSON
import Threading
import WordPiece

/// Measures the tokenizer from texts in memory to token ids in memory, on one core.
public enum TokenizeBenchmark {
    /// A shorter measurement says more about the clock than about the tokenizer.
    private static let minimumSeconds = 0.5

    /// Tokenizes all texts, and repeats that until half a second has passed.
    ///
    /// - Parameter maxTokens: longer texts are truncated.
    /// - Returns: the figures as one JSON object.
    public static func run(_ texts: [String], tokenizer: WordPieceTokenizer, maxTokens: Int) throws -> JSONValue {
        func tokenize() -> Int { texts.reduce(0) { $0 + tokenizer.encode($1, maxTokens: maxTokens).count } }

        let tokens = tokenize()
        var rounds = 0
        var seconds = 0.0
        let start = ContinuousClock.now
        repeat {
            guard tokenize() == tokens else { throw LabError("two rounds gave different numbers of tokens") }
            rounds += 1
            seconds = (ContinuousClock.now - start).inSeconds
        } while seconds < minimumSeconds
        let (documents, allTokens) = (texts.count * rounds, tokens * rounds)
        return .object([
            ("name", .string("tokenize")), ("documents", .integer(documents)), ("tokens", .integer(allTokens)),
            ("seconds", .rounded(seconds, 4)), ("documents_per_second", .rounded(Double(documents) / seconds, 1)),
            ("tokens_per_second", .rounded(Double(allTokens) / seconds, 1)), ("workers", .integer(1)),
            ("rounds", .integer(rounds)),
        ])
    }
}
