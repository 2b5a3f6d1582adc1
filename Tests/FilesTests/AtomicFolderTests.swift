import Foundation
import TestSupport
import Testing

@testable import Files

struct AtomicFolderTests {
    private let parent: TemporaryFolder
    private let path: String

    init() throws {
        parent = try TemporaryFolder()
        path = parent.path + "/folder"
    }

    private func replace(_ texts: [String: String], path: String? = nil) throws(FileError) {
        try AtomicFolder(path: path ?? self.path, marker: "marker").replace(texts.mapValues { Array($0.utf8) })
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    @Test func aNewFolderIsMadeWithItsParents() throws {
        let deep = path + "/a/b/"
        try replace(["marker": "1"], path: deep)
        #expect(AtomicFolder(path: deep, marker: "marker").path == path + "/a/b")
        #expect(try names(path + "/a") == ["b"] && names(deep) == ["marker"])
    }

    @Test func filesAreReplacedAndOthersKept() throws {
        try replace(["marker": "1", "weights": "old"])
        try parent.write("folder/notes/of.txt", "mine")
        try replace(["marker": "2", "weights": "new"])
        #expect(try names(path) == ["marker", "notes", "weights"])
        #expect(try [text("marker"), text("weights"), text("notes/of.txt")] == ["2", "new", "mine"])
        #expect(try names(parent.path) == ["folder"])
    }

    @Test func anEmptyFolderIsReplaced() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try replace(["marker": "1"])
        #expect(try names(path) == ["marker"])
    }

    @Test func whatThisProgramDidNotWriteIsNotReplaced() throws {
        try parent.write("folder/thesis.txt", "years of work")
        #expect(throws: FileError.foreignFolder) { try replace(["marker": "1"]) }
        #expect(try names(path) == ["thesis.txt"])
        try parent.write("file", "x")
        #expect(throws: FileError.notAFolder) { try replace(["marker": "1"], path: parent.path + "/file") }
    }

    @Test func leftoversOfKilledWritersAreRemovedAndNothingElse() throws {
        try parent.write("folder.new-\(UUID().uuidString)/marker", "half")
        try parent.write("folder.new-idea/marker", "mine")
        try parent.write("folder.old-\(UUID().uuidString)/notes", "mine")
        try replace(["marker": "1"])
        let left = try names(parent.path)
        #expect(left.count == 3 && left.contains("folder.new-idea") && left.contains { $0.hasPrefix("folder.old-") })
    }

    @Test func afterAnErrorTheOldFilesAreThere() throws {
        try replace(["marker": "1"])
        #expect(throws: FileError.system(reason: "No such file or directory")) {
            try replace(["marker": "2", "no/such/folder": "x"])
        }
        #expect(try names(path) == ["marker"] && text("marker") == "1")
        #expect(try names(parent.path) == ["folder"])
        try parent.write("file", "x")
        #expect(throws: FileError.self) { try replace(["marker": "1"], path: parent.path + "/file/folder") }
    }
}
