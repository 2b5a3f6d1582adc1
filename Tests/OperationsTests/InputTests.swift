import Foundation
import TestSupport
import Testing

@testable import Operations

struct InputTests {
    @Test func linesOfAPipeComeInOrderWhateverItsChunks() throws {
        let pipe = Pipe()
        let lines = (0..<5_000).map { "line \($0) é" }
        let writer = Thread {
            for chunk in stride(from: 0, to: lines.count, by: 7) {
                let text = lines[chunk..<min(chunk + 7, lines.count)].map { $0 + "\n" }.joined()
                try? pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            }
            try? pipe.fileHandleForWriting.write(contentsOf: Data("no line end".utf8))
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor, name: "a pipe")
        var read: [String] = []
        while let batch = try reader.next(atMost: 100) {
            #expect(!batch.isEmpty && batch.count <= 100)
            read += batch
        }
        #expect(read == lines + ["no line end"])
    }

    /// `tail -f` never ends.
    @Test(.timeLimit(.minutes(1))) func aLimitEndsAStreamThatGoesOn() async throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("a\nb\nc\n".utf8))
        let read = Watched<[String]?>(nil)
        let thread = Thread {
            var reader = LineReader(descriptor: pipe.fileHandleForReading.fileDescriptor, name: "a pipe")
            let texts = try? TextInput.texts(of: &reader, limit: 2)
            read.update { $0 = texts ?? [] }
        }
        thread.start()
        await read.wait { $0 != nil }
        #expect(read.value == ["a", "b"])
        try pipe.fileHandleForWriting.close()
    }

    @Test func textsOfAFileComeInBatchesWithTheirNumber() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "texts-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = (0..<3_000).map { "text \($0)" }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
        var (read, progress): ([String], [Int]) = ([], [])
        try TextInput(path: path).forEachBatch { texts, done, total in
            read += texts
            progress.append(done)
            #expect(total == 3_000)
        }
        #expect(read == lines && progress == [2_048, 3_000])
        #expect(try TextInput(path: path).texts(limit: 2) == ["text 0", "text 1"])
    }

    @Test func aConnectionStringComesBeforeTheEnvironment() throws {
        let source = DatabaseSource(database: "host=/nowhere", pipeline: nil)
        #expect(try source.connectionString().value == "host=/nowhere")
        #expect(try source.configuration() == nil)
    }

    @Test(arguments: [
        ("a/old", "a/new", ["old", "new"]), ("x/role", "y/role", ["x/role", "y/role"]),
        ("same", "./same/", ["A", "B"]),
    ]) func adapterFoldersAreNamedByWhatTellsThemApart(first: String, second: String, names: [String]) {
        #expect(AdapterFolder.names(first, second) == names)
    }
}
