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

/// `--max-tokens`.
struct LengthOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Maximum tokens per text, [CLS] and [SEP] included; longer texts are truncated. Default: 256.",
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

/// `--workers`.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Compute threads. Default: one per core.", valueName: "n"))
    var workers: Int?

    func validate() throws {
        guard workers.map({ $0 >= 1 }) ?? true else { throw ValidationError("--workers must be at least 1") }
    }

    /// The number that was given, or the number of cores.
    var count: Int { workers ?? Self.defaultCount }

    static var defaultCount: Int { ProcessInfo.processInfo.activeProcessorCount }
}
