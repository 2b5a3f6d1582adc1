import Serving
import Testing

@testable import Connectors

/// When a part of a partition is read, and where to continue: offsets need not hold records.
struct RangeProgressTests {
    private static let first = SourcePartition(topic: "texts", partition: 0)
    private static let second = SourcePartition(topic: "texts", partition: 1)

    private func messages(_ offsets: some Sequence<Int64>, _ partition: SourcePartition = first) -> [SourceMessage] {
        offsets.map {
            SourceMessage(
                origin: Origin(topic: partition.topic, partition: partition.partition, offset: $0), payload: [1])
        }
    }

    @Test func aPartEndsWithItsLastOffset() {
        var progress = RangeProgress([Self.first: 5..<8, Self.second: 0..<2])
        let received = progress.receive(messages(5..<8)).map(\.origin.offset)
        #expect(received == [5, 6, 7])
        #expect(!progress.isRead && progress.positions == [Self.second: 0])
        #expect(progress.offsets == (5, 3))
        _ = progress.receive(messages(0..<2, Self.second))
        #expect(progress.isRead && progress.positions.isEmpty)
    }

    @Test func aRecordBehindThePartEndsItAndIsLeftOut() {
        var progress = RangeProgress([Self.first: 0..<10])
        let received = progress.receive(messages([0, 3, 12, 13])).map(\.origin.offset)
        #expect(received == [0, 3] && progress.isRead)
        // Nor are records before the part, or of other partitions, those of the part.
        let others = progress.receive(messages([4])) + progress.receive(messages([4], Self.second))
        #expect(others.isEmpty)
    }

    /// The last offsets hold markers of transactions, or were compacted: no record comes, but the end of the partition.
    @Test func holesAtTheEndEndWithThePartition() {
        var progress = RangeProgress([Self.first: 0..<10])
        _ = progress.receive(messages(0..<4))
        #expect(!progress.isRead)
        let isRead = progress.reachedEnd(of: Self.first, at: 10)
        #expect(isRead && progress.isRead)
        progress.settle([Self.first: 4])
        #expect(progress.rest.isEmpty)
    }

    @Test func anEarlierEndIsDoubtful() {
        var progress = RangeProgress([Self.first: 0..<10])
        let isRead = progress.reachedEnd(of: Self.first, at: 6)
        #expect(!isRead && !progress.isRead)
        // A replica that lags: the records are there.
        progress.found(0..<10, in: Self.first)
        #expect(!progress.isRead && progress.parts[Self.first]?.isCut == false)
        let received = progress.receive(messages(6..<10))
        #expect(received.count == 4 && progress.isRead)
    }

    @Test func aPartitionThatWasCutEndsEarlier() {
        var progress = RangeProgress([Self.first: 0..<10])
        _ = progress.receive(messages(0..<6))
        progress.found(0..<6, in: Self.first)
        #expect(progress.isRead && progress.parts[Self.first]?.isCut == true && progress.parts[Self.first]?.end == 6)
        // Created again, and empty.
        progress = RangeProgress([Self.first: 3..<10])
        progress.found(0..<0, in: Self.first)
        #expect(progress.isRead && progress.parts[Self.first]?.isCut == true)
    }

    @Test func segmentsThatWereDeletedMeanwhileAreGone() {
        var progress = RangeProgress([Self.first: 0..<10])
        _ = progress.receive(messages(0..<2))
        progress.found(7..<40, in: Self.first)
        #expect(progress.parts[Self.first]?.gone == [2..<7] && progress.positions == [Self.first: 7])
        progress.found(30..<40, in: Self.first)
        #expect(progress.isRead && progress.parts[Self.first]?.gone == [2..<7, 7..<10])
    }

    @Test func theRestBeginsBehindWhatIsSettled() {
        var progress = RangeProgress([Self.first: 5..<9, Self.second: 0..<3])
        #expect(progress.rest.map(\.description) == ["texts:0:5-8", "texts:1:0-2"])
        _ = progress.receive(messages(5..<9))
        // Read is not settled.
        #expect(progress.rest.map(\.description) == ["texts:0:5-8", "texts:1:0-2"])
        progress.settle([Self.first: 7])
        #expect(progress.rest.map(\.description) == ["texts:0:7-8", "texts:1:0-2"])
        progress.settle([Self.first: 9])
        #expect(progress.rest.map(\.description) == ["texts:1:0-2"])
        let isRead = progress.reachedEnd(of: Self.second, at: 3)
        #expect(isRead && progress.rest.isEmpty)
    }

    @Test func nothingToReadIsRead() {
        #expect(RangeProgress().isRead && RangeProgress().rest.isEmpty)
        let empty = RangeProgress([Self.first: 7..<7])
        #expect(empty.isRead && empty.rest.isEmpty && empty.offsets == (0, 0))
    }
}
