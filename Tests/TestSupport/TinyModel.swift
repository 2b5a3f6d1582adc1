import BERT
import WordPiece

/// A tiny random base with its tokenizer, loaded: for tests of what goes around a model, where its answers only have to
/// be the same every time.
public struct TinyModel: Sendable {
    /// The random base.
    public let base: BERTBase
    /// Its tokenizer.
    public let tokenizer: WordPieceTokenizer
    private let folder: TemporaryFolder

    /// The folder of the base.
    public var directory: String { folder.path }

    /// Made once per process.
    public static let shared: Result<TinyModel, any Error> = Result { try TinyModel() }

    /// Another seed is another base, with another digest.
    ///
    /// - Parameters:
    ///   - precision: the types in which it computes; the digest is the same.
    ///   - damagedLayer: an encoder layer whose feed-forward output int8 destroys; nil: none.
    public init(seed: UInt64 = 1, precision: BasePrecision = .float32, damagedLayer: Int? = nil) throws {
        folder = try TestModels.tinyBase(seed: seed)
        if let damagedLayer { try TestModels.writeOutliers(to: folder.path, layer: damagedLayer) }
        base = try BERTBase(directory: folder.path, precision: precision)
        tokenizer = try WordPieceTokenizer(directory: folder.path)
    }

    /// A random adapter; another seed is another adapter.
    public func adapter(labels: [String], seed: UInt64 = 1) throws -> Adapter {
        try TestModels.adapter(over: base, labels: labels, seed: seed)
    }
}
