import Testing

@testable import Serving

private let first = SourcePartition(topic: "texts", partition: 0)
private let second = SourcePartition(topic: "texts", partition: 1)

/// Transcripts of single histories; `DeliveryTrackerModelTests` tries many thousands.
struct DeliveryTrackerTests {
    private var tracker = DeliveryTracker()

    private mutating func receive(_ offsets: [Int64], from partition: SourcePartition = first) -> [DeliveryTracker
        .Ticket]
    {
        offsets.compactMap { offset in
            tracker.receive(
                Origin(topic: partition.topic, partition: partition.partition, offset: offset), bytes: 10)
        }
    }

    @Test mutating func commitsOnlyWhatIsSettledWithoutAGap() {
        tracker.assign([first])
        let tickets = receive([5, 6, 7])
        tracker.settle([tickets[1], tickets[2]])
        #expect(tracker.committable.isEmpty)
        tracker.settle([tickets[0]])
        #expect(tracker.committable == [first: 8])
    }

    @Test mutating func knowsWhenTheOldestInFlightWasProduced() {
        tracker.assign([first, second])
        #expect(tracker.oldestProducedAt == nil)
        let tickets = [(first, 300), (second, 200), (second, 400)].compactMap { partition, time in
            tracker.receive(
                Origin(topic: partition.topic, partition: partition.partition, offset: Int64(time)), bytes: 10,
                producedAt: Int64(time))
        }
        #expect(tracker.oldestProducedAt == 200)
        tracker.settle([tickets[1]])
        #expect(tracker.oldestProducedAt == 300)
        tracker.settle([tickets[0]])
        #expect(tracker.oldestProducedAt == 400)
        tracker.revoke([second])
        #expect(tracker.oldestProducedAt == nil)
    }

    @Test mutating func positionsBeforeARewindAreNotCommitted() {
        tracker.assign([first])
        let old = receive([7, 8])
        tracker.settle([old[0]])
        let new = receive([0])
        #expect(tracker.committable.isEmpty)
        #expect(tracker.isCurrent(old[1]))
        tracker.settle([new[0]])
        #expect(tracker.committable.isEmpty)
        tracker.settle([old[1]])
        #expect(tracker.committable == [first: 1])
    }

    @Test mutating func commitsBehindGapsInTheOffsets() {
        tracker.assign([first])
        let tickets = receive([3, 9])
        tracker.settle([tickets[0]])
        #expect(tracker.committable == [first: 4])
        tracker.settle([tickets[1]])
        #expect(tracker.committable == [first: 10])
    }

    @Test mutating func offersAPositionOnce() {
        tracker.assign([first])
        tracker.settle(receive([0]))
        tracker.committed(tracker.committable)
        #expect(tracker.committable.isEmpty)
        tracker.settle(receive([1]))
        #expect(tracker.committable == [first: 2])
    }

    @Test mutating func offersAPositionAgainUntilItIsCommitted() {
        tracker.assign([first])
        tracker.settle(receive([0]))
        #expect(tracker.committable == [first: 1])
        #expect(tracker.committable == [first: 1])
    }

    @Test mutating func commitSkipsRevokedPartitions() {
        tracker.assign([first, second])
        let tickets = receive([0, 1]) + receive([0], from: second)
        tracker.settle([tickets[0]])
        #expect(tracker.revoke([first]) == [first: 1])
        tracker.settle(tickets)
        #expect(tracker.committable == [second: 1])
        #expect(tracker.inFlight == 0)
    }

    @Test mutating func resultsOfAnEarlierAssignmentMoveNothing() {
        tracker.assign([first])
        let old = receive([0, 1])
        tracker.revoke([first])
        tracker.assign([first])
        let new = receive([0, 1])
        tracker.settle(old)
        #expect(tracker.committable.isEmpty)
        #expect(!tracker.isCurrent(old[0]))
        #expect(tracker.isCurrent(new[0]))
        tracker.settle(new)
        #expect(tracker.committable == [first: 2])
    }

    @Test mutating func abandonedMessagesStopThePositionForGood() {
        tracker.assign([first])
        let tickets = receive([0, 1, 2])
        tracker.abandon([tickets[1]])
        tracker.settle([tickets[0], tickets[2], tickets[1]])
        #expect(tracker.inFlight(in: [first]) == 0)
        #expect(tracker.revoke([first]) == [first: 1])
    }

    @Test mutating func followsATopicThatWasMadeAnew() {
        tracker.assign([first])
        tracker.settle(receive([1000]))
        tracker.committed(tracker.committable)
        tracker.settle(receive([0]))
        #expect(tracker.committable == [first: 1])
    }

    @Test mutating func refusesMessagesOfPartitionsThatAreNotOurs() {
        #expect(receive([0]).isEmpty)
        #expect(tracker.inFlight == 0)
    }

    @Test mutating func countsWhatIsInFlight() {
        tracker.assign([first, second])
        let tickets = receive([0, 1]) + receive([0], from: second)
        #expect(tracker.inFlight == 3 && tracker.inFlightBytes == 30)
        tracker.settle([tickets[1], tickets[1]])
        #expect(tracker.inFlight == 2 && tracker.inFlightBytes == 20)
        #expect(tracker.inFlight(in: [first]) == 1)
        tracker.revoke([first])
        #expect(tracker.inFlight == 1 && tracker.inFlightBytes == 10)
        #expect(tracker.partitions == [second])
    }
}
