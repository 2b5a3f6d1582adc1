import BERT
import Foundation
import TestSupport
import Testing

@testable import AdapterRegistry

@Suite struct TrainingRowSetTests {
    private func hashes(_ count: Int, seed: UInt64) -> [UInt64] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { _ in UInt64.random(in: 0 ... .max, using: &random) }
    }

    @Test func everyRowIsKnownAndHardlyAnyOther() {
        let own = hashes(10_000, seed: 1)
        let rows = TrainingRowSet(hashes: own)
        #expect(own.allSatisfy { rows.contains(hash: $0) })
        // Of 100,000 others, 0.23 are expected to be mistaken.
        #expect(hashes(100_000, seed: 2).count { rows.contains(hash: $0) } <= 3)
        #expect(!TrainingRowSet(hashes: []).contains(hash: 0))
    }

    @Test func orderAndRepetitionDoNotMatter() {
        let own = hashes(100, seed: 3)
        let rows = TrainingRowSet(hashes: own)
        #expect(TrainingRowSet(hashes: own.reversed() + own) == rows)
        #expect(rows.range.rows == 100)
        #expect(TrainingRowSet(hashes: own.dropLast()).range.digest != rows.range.digest)
    }

    @Test func aUnionHasTheRowsAndTheRangeOfBoth() {
        let (first, second) = (hashes(50, seed: 4), hashes(50, seed: 5))
        let (early, late) = (Date(timeIntervalSince1970: 10), Date(timeIntervalSince1970: 20))
        let union = TrainingRowSet(hashes: first, times: [late], ids: [9]).union(
            TrainingRowSet(hashes: second, times: [early], ids: [4]))
        #expect((first + second).allSatisfy { union.contains(hash: $0) })
        #expect(union == TrainingRowSet(hashes: first + second, times: [early, late], ids: [4, 9]))
        #expect(union.range.oldestAt == early && union.range.newestID == 9)
        #expect(union.union(TrainingRowSet(hashes: [])) == union)
    }

    @Test func bytesComeBackAndDamageIsFound() {
        let rows = TrainingRowSet(hashes: hashes(100, seed: 6))
        #expect(rows.bytes.count == 400)
        #expect(TrainingRowSet(bytes: rows.bytes, range: rows.range) == rows)
        var damaged = rows.bytes
        damaged[17] ^= 1
        #expect(TrainingRowSet(bytes: damaged, range: rows.range) == nil)
        #expect(TrainingRowSet(bytes: rows.bytes.dropLast(), range: rows.range) == nil)
        #expect(TrainingRowSet(bytes: [], range: TrainingRowSet(hashes: []).range)?.bytes == [])
    }

    @Test func aRangeIsReadAsItIsWritten() {
        let time = Date(timeIntervalSince1970: 1_700_000_000)
        let range = TrainingRowSet(hashes: [1], times: [time], ids: [7]).range
        #expect(TrainingRowRange(json: Array(range.json.utf8)) == range)
        #expect(range.json.contains("\"newest_at\":\"2023-11-14T22:13:20Z\""))
        for text in ["", "{}", "[]", #"{"rows":-1,"digest":"a"}"#, #"{"rows":"a","digest":"a"}"#] {
            #expect(TrainingRowRange(json: Array(text.utf8)) == nil, "\(text)")
        }
    }

    // MARK: - The file beside an adapter

    @Test func theFileCountsOnlyBesideItsOwnWeights() throws {
        let folder = try TemporaryFolder()
        let rows = TrainingRowSet(hashes: hashes(1_000, seed: 7))
        #expect(try TrainingRowsFile.read(directory: folder.path, weights: [1]) == nil)
        let content = TrainingRowsFile.content(rows, weights: [1, 2])
        try Data(content).write(to: URL(filePath: folder.path + "/" + TrainingRowsFile.name))
        #expect(try TrainingRowsFile.read(directory: folder.path, weights: [1, 2]) == rows)
        #expect(try TrainingRowsFile.read(directory: folder.path, weights: [1, 3]) == nil)
    }

    @Test func aDamagedFileIsNotTakenForUnknownRows() throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.path + "/" + TrainingRowsFile.name)
        let whole = String(
            decoding: TrainingRowsFile.content(TrainingRowSet(hashes: hashes(9, seed: 8)), weights: [1]), as: UTF8.self)
        for text in ["", "{}", "[1]", String(whole.dropLast(9)), whole.replacing("\"rows\" : 9", with: "\"rows\" : 8")]
        {
            try Data(text.utf8).write(to: file)
            let error = #expect(throws: TrainingRowsFile.Damage.self) {
                try TrainingRowsFile.read(directory: folder.path, weights: [1])
            }
            #expect(error?.description.hasPrefix(file.path) == true)
        }
    }

    @Test func aFolderKeepsItThroughReplacementOnlyWhereItIsItsOwn() throws {
        let folder = try TemporaryFolder()
        let model = try TinyModel.shared.get()
        let (first, second) = (
            try model.adapter(labels: ["a", "b"], seed: 1), try model.adapter(labels: ["a", "b"], seed: 2)
        )
        let rows = TrainingRowSet(hashes: hashes(9, seed: 9))
        let directory = folder.path + "/adapter"
        try first.write(
            to: directory, with: [TrainingRowsFile.name: TrainingRowsFile.content(rows, weights: first.weights)])
        let loaded = try Adapter.load(directory: directory, base: model.base)
        #expect(loaded.digest == first.digest)
        #expect(try TrainingRowsFile.read(directory: directory, weights: loaded.weights) == rows)
        // The file stays behind, and counts for nothing.
        try second.write(to: directory)
        #expect(try TrainingRowsFile.read(directory: directory, weights: second.weights) == nil)
    }
}
