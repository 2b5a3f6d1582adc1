import ArgumentParser
import BERT
import FoundationEssentials
import Operations
import WordPiece

/// `--base`: the frozen model.
struct BaseOptions: ParsableArguments {
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

    /// The base and its tokenizer.
    func load() throws -> (base: BERTBase, tokenizer: WordPieceTokenizer) {
        let loaded = try LoadedBase(directory: base)
        return (loaded.base, loaded.tokenizer)
    }
}
