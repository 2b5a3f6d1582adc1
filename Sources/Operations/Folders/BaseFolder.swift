import BERT
import Threading
import WordPiece

/// A folder of a base, and the types in which the base computes.
public struct BaseFolder: Sendable {
    /// The Hugging Face folder.
    public let path: String
    /// What the weights are rounded to when they are read.
    public let precision: BasePrecision

    /// The base in this folder.
    public init(_ path: String, precision: BasePrecision = .float32) {
        self.path = path
        self.precision = precision
    }

    /// The base and the tokenizer of this folder, read on two threads.
    func read() -> (base: Result<BERTBase, BaseError>, tokenizer: Result<WordPieceTokenizer, WordPieceError>) {
        let (base, tokenizer) = SystemThread.both(name: "tokenizer") {
            Result { () throws(BaseError) in
                try BERTBase(directory: path, precision: precision, cache: true)
            }
        } _: {
            Result { () throws(WordPieceError) in try WordPieceTokenizer(directory: path) }
        }
        return (base, tokenizer)
    }
}

extension LoadedBase {
    /// Loads the base of a folder and its tokenizer.
    ///
    /// - Throws: `BaseError`, `WordPieceError`, or a failure if the tokenizer has more tokens than the base.
    public init(_ folder: BaseFolder) throws {
        let read = folder.read()
        let (base, tokenizer) = (try read.base.get(), try read.tokenizer.get())
        let (tokens, rows) = (tokenizer.vocabularySize, base.configuration.vocabulary)
        guard tokens <= rows else {
            throw CommandFailure(
                .failed, "\(folder.path): the tokenizer has \(tokens) tokens, but config.json has vocab_size \(rows)")
        }
        (self.base, self.tokenizer, dtypeReason) = (base, tokenizer, nil)
    }
}
