import Files
import Foundation
import TestSupport
import Testing

/// Files that are read at any place while they are open.
struct OpenFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = try folder.write("file", "0123456789")
    }

    private func read(_ file: OpenFile, from place: Int, _ count: Int) throws -> String {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { memory.deallocate() }
        let filled = try file.read(from: place, into: memory)
        return String(decoding: memory[..<filled], as: UTF8.self)
    }

    @Test func anyPlaceIsReadUpToTheEnd() throws {
        let file = try OpenFile(path: path)
        #expect(file.size == 10)
        #expect(try read(file, from: 7, 2) == "78" && read(file, from: 0, 3) == "012")
        #expect(try read(file, from: 8, 5) == "89" && read(file, from: 10, 5) == "" && read(file, from: 99, 5) == "")
        #expect(try read(file, from: 3, 0) == "")
    }

    @Test func whatIsNoFileIsRefused() throws {
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for (path, error) in [(folder.path + "/none", FileError.missing), (folder.path, .notAFile), (pipe, .notAFile)] {
            #expect(throws: error) { _ = try OpenFile(path: path) }
        }
    }

    /// A shorter file is read as far as it goes: the memory of a mapped one would be gone.
    @Test func aChangeIsNoticed() throws {
        let file = try OpenFile(path: path)
        #expect(file.isUnchanged)
        try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: 4)
        #expect(!file.isUnchanged)
        #expect(try read(file, from: 0, 10) == "0123")
    }

    /// The open file is still the old one.
    @Test func aReplacedFileKeepsItsContent() throws {
        let file = try OpenFile(path: path)
        try AtomicFile(path: path).replace("new".utf8)
        #expect(try read(file, from: 0, 10) == "0123456789")
    }
}
