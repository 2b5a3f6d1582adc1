import BERT
import Foundation
import TestSupport

/// The tiny base that the daemon's tests write into folders, loaded once.
struct TestBase: Sendable {
    let base: BERTBase

    static let shared = Result { try TestBase() }

    init(seed: UInt64 = 1) throws {
        let folder = try TestModels.tinyBase(seed: seed)
        base = try BERTBase(directory: folder.path)
    }

    func adapter(labels: [String], seed: UInt64 = 1) throws -> Adapter {
        try TestModels.adapter(over: base, labels: labels, seed: seed)
    }

    /// Writes the base into a folder of its own.
    static func write(to path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try TestModels.writeTinyBase(.bert, to: path)
    }
}
