import Foundation
import Testing

/// A temporary folder of a test, removed when the test has ended: its suite bears the trait `.scratch`.
struct Scratch: Sendable {
    /// Where the folders of the running test are.
    @TaskLocal fileprivate static var root = ""

    let folder: String

    init() throws {
        guard !Self.root.isEmpty else { throw ScratchIsMissing() }
        folder = Self.root + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func newFile(_ name: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path(name)))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    /// The bytes of the adapter's weights in a folder.
    func weights(_ adapter: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(adapter + "/adapter_model.safetensors")))
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func content(_ name: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
    }
}

/// The suite of the running test does not bear the trait.
private struct ScratchIsMissing: Error, CustomStringConvertible {
    var description: String { "the suite needs the trait .scratch" }
}

/// Gives each test of a suite a folder for its `Scratch`es, and removes it after the test, however that ends.
struct ScratchTrait: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void)
        async throws
    {
        guard testCase != nil else { return try await function() }
        let root = FileManager.default.temporaryDirectory.appending(path: "lorikeet-tests-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await Scratch.$root.withValue(root) { try await function() }
    }
}

extension Trait where Self == ScratchTrait {
    static var scratch: Self { ScratchTrait() }
}
