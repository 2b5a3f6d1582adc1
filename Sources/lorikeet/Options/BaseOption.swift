import ArgumentParser
import Operations
import WordPiece

/// `--base`, for commands that compute nothing with it.
struct BaseOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The base: a Hugging Face folder of a BERT or DistilBERT.", valueName: "dir"),
        completion: .directory)
    var base: String

    /// The tokenizer of the base.
    func tokenizer() throws -> WordPieceTokenizer { try WordPieceTokenizer(directory: base) }

    /// The limit of tokens, for commands that load only the tokenizer of the base.
    func checkedLength(_ length: LengthOptions) throws(CommandFailure) -> Int {
        try TokenLimit.checked(length.maxTokens, directory: base)
    }
}
