import Files
import Foundation
import TestSupport
import Testing

struct AtomicFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/file"
    }

    private var content: String? { try? String(contentsOfFile: path, encoding: .utf8) }
    private var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

    @Test func theNewContentReplacesTheOld() throws {
        let file = AtomicFile(path: path)
        try file.replace("a long first content".utf8)
        try file.replace("second".utf8)
        #expect(content == "second" && names == ["file"])
        try file.replace([])
        #expect(content == "")
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try file.replace(bytes)
        #expect(try FileContents.array(path: path, atMost: .max) == bytes)
    }

    @Test func whatAKilledWriterLeftIsReplacedOrRemoved() throws {
        let file = AtomicFile(path: path)
        try folder.write("file.new", "half of a cont")
        try file.replace("whole".utf8)
        #expect(content == "whole" && names == ["file"])
        try folder.write("file.new", "half of a cont")
        file.remove()
        #expect(names == [])
        file.remove()
    }

    @Test func contentIsWrittenPieceByPiece() throws {
        let file = AtomicFile(path: path)
        try file.replace { (output) throws(FileError) in
            for part in ["one, ", "", "two, ", "three"] { try output.write(part.utf8) }
        }
        #expect(content == "one, two, three" && names == ["file"])
        #expect(throws: FileError.missing) {
            try file.replace { (output) throws(FileError) in
                try output.write("half of".utf8)
                throw .missing
            }
        }
        #expect(content == "one, two, three" && names == ["file"])
    }

    @Test func afterAnErrorTheOldContentIsThere() throws {
        #expect(throws: FileError.system(reason: "No such file or directory")) {
            try AtomicFile(path: folder.path + "/nowhere/file").replace("x".utf8)
        }
        // A folder cannot be renamed over.
        try folder.write("file/inside", "old")
        #expect(throws: FileError.system(reason: "Is a directory")) { try AtomicFile(path: path).replace("x".utf8) }
        #expect(names == ["file"])
    }
}
