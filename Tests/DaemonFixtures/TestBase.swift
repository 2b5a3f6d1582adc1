import BERT
import FoundationEssentials
import TestSupport

/// The tiny base that tests of use cases and of the daemon write into folders, loaded once.
public struct TestBase: Sendable {
    /// The loaded base.
    public let base: BERTBase

    /// The base of seed 1.
    public static let shared = Result { try TestBase() }

    /// Writes a tiny base with random weights to a temporary folder and loads it.
    public init(seed: UInt64 = 1) throws {
        let folder = try TestModels.tinyBase(seed: seed)
        base = try BERTBase(directory: folder.path)
    }

    /// An adapter with random weights.
    public func adapter(labels: [String], seed: UInt64 = 1) throws -> Adapter {
        try TestModels.adapter(over: base, labels: labels, seed: seed)
    }

    /// Writes the base into a folder of its own.
    public static func write(to path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try TestModels.writeTinyBase(.bert, to: path)
    }
}
