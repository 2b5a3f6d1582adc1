import Foundation
import TestSupport
import Testing

@testable import Files

struct FileContentsTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/file"
    }

    private func error(atMost largest: Int = 100) -> FileError? {
        do throws(FileError) {
            _ = try FileContents(path: path, atMost: largest)
            return nil
        } catch {
            return error
        }
    }

    private func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    @Test func bytesAreThoseOfTheFile() throws {
        for count in [0, 1, 100, 70_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            try write(bytes)
            #expect(try FileContents.array(path: path, atMost: count) == bytes)
        }
    }

    @Test func whatHappensToTheFileAfterwardsChangesNothing() throws {
        let bytes = [UInt8](repeating: 7, count: 100_000)
        try write(bytes)
        let contents = try FileContents(path: path, atMost: .max)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.write(contentsOf: Data([UInt8](repeating: 9, count: 50_000)))
        #expect(Array(contents.bytes) == bytes)
        try handle.truncate(atOffset: 0)
        #expect(Array(contents.bytes) == bytes)
        try handle.close()
        try FileManager.default.removeItem(atPath: path)
        #expect(Array(contents.bytes) == bytes)
    }

    @Test func largerFilesAreRefused() throws {
        try write([1, 2, 3])
        #expect(error(atMost: 2) == .tooLarge(bytes: 3, largest: 2))
        #expect(error(atMost: 3) == nil)
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(error() == .missing)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(error() == .notAFile)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(error() == .notAFile)
    }

    @Test func linksThatLeadNowhereAreMissingAndLoopsSaySo() throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/nothing")
        #expect(error() == .missing)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        guard case .system = error() else { return #expect(Bool(false), "a loop of links was read") }
    }
}
