import Foundation
import TestSupport
import Testing

@testable import Training

struct HiddenStateCacheTests {
    private let hidden = 5
    private let lengths = [3, 1, 4, 2, 6]

    private func states(_ row: Int) -> [Float] { (0..<lengths[row] * hidden).map { Float(row * 1_000 + $0) } }

    /// The rows that are still known after all have been offered, each with its own values.
    private func rowsKept(memoryRows: Int, fileRows: Int, folder: String = FileManager.default.temporaryDirectory.path)
        -> [Int]
    {
        let sizes = lengths.map { $0 * hidden * 4 }
        let memory = sizes.prefix(memoryRows).reduce(0, +)
        let cache = HiddenStateCache(
            lengths: lengths, hidden: hidden, memoryBytes: memory,
            fileBytes: sizes.dropFirst(memoryRows).prefix(fileRows).reduce(0, +),
            folder: folder)
        // In an order that is not that of the rows.
        for row in [4, 0, 3, 1, 2] { cache.store(row, states(row)) }
        return lengths.indices.filter { row in
            var found = [Float](repeating: -1, count: lengths[row] * hidden)
            let isKnown = cache.copy(row, to: &found)
            #expect(found == (isKnown ? states(row) : found.map { _ in -1 }), "row \(row)")
            return isKnown
        }
    }

    @Test func firstRowsAreInMemoryOthersInTheFile() {
        #expect(rowsKept(memoryRows: 5, fileRows: 0) == [0, 1, 2, 3, 4])
        #expect(rowsKept(memoryRows: 2, fileRows: 0) == [0, 1])
        #expect(rowsKept(memoryRows: 2, fileRows: 3) == [0, 1, 2, 3, 4])
        #expect(rowsKept(memoryRows: 1, fileRows: 2) == [0, 1, 2])
        #expect(rowsKept(memoryRows: 0, fileRows: 5) == [0, 1, 2, 3, 4])
        #expect(rowsKept(memoryRows: 0, fileRows: 0) == [])
    }

    @Test func withoutAFileTheRestIsForgotten() {
        #expect(rowsKept(memoryRows: 2, fileRows: 3, folder: "/nowhere/at/all") == [0, 1])
    }

    @Test func fileHasNoNameAndEndsWithTheCache() throws {
        let folder = try TemporaryFolder()
        #expect(rowsKept(memoryRows: 0, fileRows: 5, folder: folder.path) == [0, 1, 2, 3, 4])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func diskThatTakesNothingCostsTheStatesOnly() throws {
        let file = try #require(SpillFile(folder: FileManager.default.temporaryDirectory.path))
        #expect(!file.write([1], count: 1, at: -1))
        var value: [Float] = [7]
        #expect(!file.read(&value, count: 1, at: 0))
        #expect(file.freeBytes > 0)
    }
}
