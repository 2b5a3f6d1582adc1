import AdapterRegistry
import Foundation
import Testing
import Training

@testable import Retraining

@Suite struct HeldOutSplitTests {
    private let labels = ["a", "b"]

    /// Rows of two labels in turn, a second apart.
    private func rows(_ range: Range<Int>, label: String? = nil) -> [LabelledRow] {
        range.map { number in
            LabelledRow(
                id: Int64(number), text: "text \(number)", label: label ?? labels[number % 2],
                createdAt: Date(timeIntervalSince1970: Double(number)))
        }
    }

    private func texts(_ rows: [LabelledText]) -> [String] { rows.map(\.text) }

    private func record(_ texts: [String]) -> TrainingRowSet {
        TrainingRowSet(hashes: texts.map { NormalizedText($0).hash64 })
    }

    // MARK: - The newest rows

    @Test func theNewestRowsAreHeldOutAndCountOnce() {
        let dataset = Dataset(rows: rows(0..<200), labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        #expect(texts(dataset.newest) == (180..<200).map { "text \($0)" })
        #expect(dataset.newestSince == Date(timeIntervalSince1970: 180))
        let sides = [dataset.training, dataset.heldOut, dataset.newest].map { Set(texts($0)) }
        #expect(sides.reduce(0) { $0 + $1.count } == 200 && sides[0].union(sides[1]).union(sides[2]).count == 200)
        #expect(sides[1].count > 20)
        #expect(dataset.summary.heldOut == 200 - dataset.training.count && dataset.summary.newest == 20)
        #expect(dataset.heldOutTimes.count == dataset.summary.heldOut)
    }

    @Test func rowsOfOneMomentStayTogether() {
        var given = rows(0..<100)
        for place in 92..<100 { given[place].createdAt = Date(timeIntervalSince1970: 92) }
        for place in 88..<92 { given[place].createdAt = Date(timeIntervalSince1970: 88) }
        let dataset = Dataset(rows: given, labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        #expect(texts(dataset.newest) == (92..<100).map { "text \($0)" })
    }

    @Test func rowsThatCameAllAtOnceAreNotNewerThanOneAnother() {
        var given = rows(0..<100)
        for place in given.indices { given[place].createdAt = Date(timeIntervalSince1970: 5) }
        let dataset = Dataset(rows: given, labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        #expect(dataset.newest.isEmpty && dataset.newestSince == nil)
        #expect(Dataset(rows: [], labels: labels, holdOut: HoldOut(), newest: .share(0.1)).newest.isEmpty)
    }

    @Test func aLabelThatOnlyTheNewestRowsHaveIsTrainedOn() {
        let given = rows(0..<180) + rows(180..<200, label: "c")
        let dataset = Dataset(rows: given, labels: labels + ["c"], holdOut: HoldOut(), newest: .share(0.1))
        let trained = dataset.training.count { $0.label == "c" }
        #expect(trained > 10 && trained + dataset.newest.count == 20)
        #expect(dataset.newest.allSatisfy { HoldOut().contains($0.text) })
    }

    // MARK: - Rows that an adapter was trained on

    @Test func whatTheChampionWasTrainedOnJudgesNothing() {
        let all = Dataset(rows: rows(0..<200), labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        let seen = texts(all.heldOut).prefix(7) + texts(all.newest).prefix(5) + texts(all.training).prefix(3)
        let dataset = Dataset(
            rows: rows(0..<200), labels: labels, holdOut: HoldOut(), newest: .share(0.1),
            champion: record(Array(seen)))
        #expect(Set(texts(dataset.heldOut + dataset.newest)).isDisjoint(with: seen))
        #expect(dataset.summary.seen == 12)
        #expect(dataset.summary.heldOut == all.summary.heldOut - 12)
        #expect(dataset.training == all.training)
    }

    @Test func theRecordNamesWhatIsTrainedOn() {
        let dataset = Dataset(rows: rows(0..<200), labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        #expect(dataset.trainingRows.range.rows == dataset.training.count)
        #expect(dataset.training.allSatisfy { dataset.trainingRows.contains(hash: NormalizedText($0.text).hash64) })
        #expect(!dataset.heldOut.contains { dataset.trainingRows.contains(hash: NormalizedText($0.text).hash64) })
        #expect((dataset.trainingRows.range.newestID ?? 200) < 180)
    }

    // MARK: - Looking again

    @Test func aSecondLookKeepsTheSetsAndAddsWhatIsNew() {
        let first = Dataset(rows: rows(0..<200), labels: labels, holdOut: HoldOut(), newest: .share(0.1))
        let second = Dataset(
            rows: rows(0..<260), labels: labels, holdOut: HoldOut(),
            newest: .since(first.newestSince ?? .distantPast), challenger: first.trainingRows)
        #expect(second.training == first.training && second.heldOut == first.heldOut)
        #expect(texts(second.newest) == (180..<260).map { "text \($0)" })
        #expect(second.heldOutTimes.count { $0 > Date(timeIntervalSince1970: 199) } == 60)
    }

    @Test func contradictionsAreCountedAndTheNewestCounts() {
        let given = [
            LabelledRow(id: 1, text: "x", label: "a", createdAt: Date(timeIntervalSince1970: 1)),
            LabelledRow(id: 2, text: "X ", label: "b", createdAt: Date(timeIntervalSince1970: 2)),
            LabelledRow(id: 3, text: "y", label: "a", createdAt: Date(timeIntervalSince1970: 3)),
        ]
        let dataset = Dataset(rows: given, labels: labels, holdOut: HoldOut(percentage: 0))
        #expect(dataset.summary.contradictory == 1 && dataset.training.map(\.label) == ["b", "a"])
    }
}
