import BERT

/// `--max-tokens`: how many tokens a text has at most, `[CLS]` and `[SEP]` included.
public enum TokenLimit {
    /// The limit if none is given and the base has that many positions.
    public static let standard = BERTConfiguration.standardMaxTokens

    /// The limit over a base.
    ///
    /// - Throws: status 64 if the base has fewer positions than requested.
    public static func checked(_ requested: Int?, over base: BERTBase) throws(CommandFailure) -> Int {
        try checked(requested, positions: base.configuration.positions)
    }

    /// The limit over the base of a folder, for commands that load only its tokenizer.
    ///
    /// - Throws: status 64 if the base has fewer positions than requested.
    public static func checked(_ requested: Int?, directory: String) throws(CommandFailure) -> Int {
        try checked(requested, positions: BERTConfiguration.positions(directory: directory) ?? .max)
    }

    private static func checked(_ requested: Int?, positions: Int) throws(CommandFailure) -> Int {
        guard let requested else { return min(standard, positions) }
        guard requested <= positions else {
            throw CommandFailure(.usage, "--max-tokens \(requested): this base reads at most \(positions) tokens")
        }
        return requested
    }
}
