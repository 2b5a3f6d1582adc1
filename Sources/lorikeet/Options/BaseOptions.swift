import ArgumentParser
import BERT
import Daemon
import Kernels
import WordPiece

/// `--base`: the model whose weights never change.
struct BaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The base model: a BERT or DistilBERT folder in Hugging Face layout.", valueName: "dir"), completion: .directory)
    var base: String

    /// The tokenizer of the base.
    func tokenizer() throws -> WordPieceTokenizer { try WordPieceTokenizer(directory: base) }
}

/// `--max-tokens`.
struct LengthOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Cut a text to so many tokens, [CLS] and [SEP] included.", valueName: "n"))
    var maxTokens = 256

    func validate() throws {
        guard maxTokens >= 2 else { throw ValidationError("--max-tokens must be at least 2: [CLS] and [SEP]") }
    }
}

/// `--workers`.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads that compute; default: one a core.", valueName: "n"))
    var workers: Int?

    func validate() throws {
        guard workers.map({ $0 >= 1 }) ?? true else { throw ValidationError("--workers must be at least 1") }
    }
}
