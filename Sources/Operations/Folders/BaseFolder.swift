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
}

extension LoadedBase {
    /// Loads the base of a folder and its tokenizer.
    ///
    /// - Throws: `BaseError`, `WordPieceError`, or a failure if the tokenizer has more tokens than the base.
    public init(_ folder: BaseFolder) throws {
        let read = Self.read(folder)
        let (base, tokenizer) = (try read.base.get(), try read.tokenizer.get())
        let (tokens, rows) = (tokenizer.vocabularySize, base.configuration.vocabulary)
        guard tokens <= rows else {
            throw CommandFailure(
                .failed, "\(folder.path): the tokenizer has \(tokens) tokens, but config.json has vocab_size \(rows)")
        }
        (self.base, self.tokenizer, dtypeReason) = (base, tokenizer, nil)
    }

    /// The base and the tokenizer of a folder, read on two threads.
    static func read(
        _ folder: BaseFolder
    ) -> (base: Result<BERTBase, BaseError>, tokenizer: Result<WordPieceTokenizer, WordPieceError>) {
        let (base, tokenizer) = SystemThread.both(name: "tokenizer") {
            Result { () throws(BaseError) in
                try BERTBase(directory: folder.path, precision: folder.precision, cache: true)
            }
        } _: {
            Result { () throws(WordPieceError) in try WordPieceTokenizer(directory: folder.path) }
        }
        return (base, tokenizer)
    }
}
