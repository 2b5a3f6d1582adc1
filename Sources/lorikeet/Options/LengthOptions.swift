import ArgumentParser
import BERT
import Operations

/// `--max-tokens`.
struct LengthOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Maximum tokens per text, [CLS] and [SEP] included; longer texts are truncated. "
                + "Default: \(TokenLimit.standard).",
            valueName: "n"))
    var maxTokens: Int?

    func validate() throws {
        guard maxTokens.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--max-tokens must be at least 2, for [CLS] and [SEP]")
        }
    }

    /// The limit over a base.
    func checked(against base: BERTBase) throws(CommandFailure) -> Int {
        try TokenLimit.checked(maxTokens, over: base)
    }
}
