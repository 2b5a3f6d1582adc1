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

    @Option(
        help: ArgumentHelp(
            "Type in which the base computes; adapters are always float32.", valueName: "type"))
    var dtype: DataType = .float32

    /// The tokenizer of the base.
    func tokenizer() throws -> WordPieceTokenizer { try WordPieceTokenizer(directory: base) }

    /// The limit of tokens, for commands that load only the tokenizer of the base.
    func checkedLength(_ length: LengthOptions) throws(CommandFailure) -> Int {
        try TokenLimit.checked(length.maxTokens, directory: base)
    }

    /// The folder, and the types in which its base computes.
    var folder: BaseFolder { BaseFolder(base, precision: BasePrecision(dtype)) }

    /// The base and its tokenizer.
    func load() throws -> (base: BERTBase, tokenizer: WordPieceTokenizer) {
        let loaded = try LoadedBase(folder)
        return (loaded.base, loaded.tokenizer)
    }
}

extension DataType: ExpressibleByArgument {}
