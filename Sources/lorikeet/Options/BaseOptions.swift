import ArgumentParser
import BERT
import Foundation
import Operations
import WordPiece

/// `--base`: the model whose weights never change.
struct BaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The base model: a BERT or DistilBERT folder in Hugging Face layout.", valueName: "dir"),
        completion: .directory)
    var base: String

    /// The tokenizer of the base.
    func tokenizer() throws -> WordPieceTokenizer { try WordPieceTokenizer(directory: base) }

    /// How many tokens a text has at most, for commands that need no more of the base than its tokenizer.
    func checkedLength(_ length: LengthOptions) throws(CommandFailure) -> Int {
        try length.checked(positions: BERTConfiguration.positions(directory: base) ?? .max)
    }

    /// The base and its tokenizer, which must not know more tokens than the base.
    func load() throws -> (base: BERTBase, tokenizer: WordPieceTokenizer) {
        let model = try BERTBase(directory: base)
        let tokenizer = try tokenizer()
        let rows = model.configuration.vocabulary
        guard tokenizer.vocabularySize <= rows else {
            throw CommandFailure(
                .failed,
                "\(base): the tokenizer knows \(tokenizer.vocabularySize) tokens, config.json says vocab_size \(rows)")
        }
        return (model, tokenizer)
    }
}

/// `--max-tokens`.
struct LengthOptions: ParsableArguments {
    /// What counts if nothing is given, and the base has so many positions.
    static let customary = 256

    @Option(help: ArgumentHelp("Cut a text to so many tokens, [CLS] and [SEP] included; default: 256.", valueName: "n"))
    var maxTokens: Int?

    func validate() throws {
        guard maxTokens.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("--max-tokens must be at least 2: [CLS] and [SEP]")
        }
    }

    /// The limit, if the base has a position for each token.
    func checked(against base: BERTBase) throws(CommandFailure) -> Int {
        try checked(positions: base.configuration.positions)
    }

    fileprivate func checked(positions: Int) throws(CommandFailure) -> Int {
        guard let maxTokens else { return min(Self.customary, positions) }
        guard maxTokens <= positions else {
            throw CommandFailure(
                .usage, "--max-tokens \(maxTokens): this base reads texts of at most \(positions) tokens")
        }
        return maxTokens
    }
}

/// `--workers`.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads that compute; default: one a core.", valueName: "n"))
    var workers: Int?

    func validate() throws {
        guard workers.map({ $0 >= 1 }) ?? true else { throw ValidationError("--workers must be at least 1") }
    }

    /// The number that was given, or one a core.
    var count: Int { workers ?? Self.defaultCount }

    static var defaultCount: Int { ProcessInfo.processInfo.activeProcessorCount }
}
