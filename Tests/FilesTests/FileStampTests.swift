import Files
import Foundation
import TestSupport
import Testing

struct FileStampTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/file"
    }

    /// A file that was just written has no stamp until the system's clock has ticked.
    private func stamp() -> FileStamp {
        while true {
            if let stamp = FileStamp(path: path) { return stamp }
        }
    }

    @Test func theStampOfAnUnchangedFileStays() throws {
        try folder.write("file", "content")
        let stamp = stamp()
        _ = try FileContents.array(path: path, atMost: .max)
        #expect(FileStamp(path: path) == stamp)
        #expect(FileStamp(path: path)?.description == stamp.description)
    }

    @Test func everyWriteChangesIt() throws {
        try folder.write("file", "content")
        let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
        var stamps = [stamp()]
        // Of the same size, each right after a stamp was read.
        for content in ["changed", "content"] {
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: Data(content.utf8))
            try file.close()
            stamps.append(stamp())
        }
        if let time { try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path) }
        stamps.append(stamp())
        try AtomicFile(path: path).replace("content".utf8)
        stamps.append(stamp())
        #expect(Set(stamps).count == stamps.count)
        #expect(Set(stamps.map(\.description)).count == stamps.count)
    }

    @Test func whatIsNoFileHasNone() throws {
        #expect(FileStamp(path: path) == nil)
        #expect(FileStamp(path: path + "/below") == nil)
        #expect(FileStamp(path: folder.path) == nil)
    }
}
