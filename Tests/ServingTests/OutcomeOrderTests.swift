import Testing

@testable import Serving

@Suite struct OutcomeOrderTests {
    private static let partition = SourcePartition(topic: "texts", partition: 0)
    private var tracker = DeliveryTracker()
    private var order = OutcomeOrder()

    private mutating func receive(_ offset: Int64, partition: Int32 = 0) throws -> FinishedText {
        let origin = Origin(topic: "texts", partition: partition, offset: offset)
        let received = tracker.receive(origin, bytes: 1)
        let ticket = try #require(received)
        return FinishedText(
            ticket: ticket, outcome: .dropped(SourceMessage(origin: origin, payload: nil)), receivedAt: .zero)
    }

    private func offsets(_ texts: [FinishedText]) -> [Int64] { texts.map(\.outcome.message.origin.offset) }

    @Test mutating func aMessageWaitsForThoseBeforeIt() throws {
        tracker.assign([Self.partition])
        let texts = try (5..<9).map { try receive($0) }
        #expect(offsets(order.add([texts[1], texts[3]])).isEmpty)
        #expect(order.waitingCount == 2)
        #expect(offsets(order.add([texts[0]])) == [5, 6])
        #expect(offsets(order.add([texts[2]])) == [7, 8])
        #expect(order.waitingCount == 0)
    }

    @Test mutating func aDroppedMessageHoldsNothingBack() throws {
        tracker.assign([Self.partition])
        let texts = try (0..<3).map { try receive($0) }
        #expect(offsets(order.add([texts[2]])).isEmpty)
        #expect(offsets(order.skip([texts[0].ticket])).isEmpty)
        #expect(offsets(order.skip([texts[1].ticket])) == [2])
    }

    @Test mutating func partitionsDoNotWaitForEachOther() throws {
        tracker.assign([Self.partition, SourcePartition(topic: "texts", partition: 1)])
        let first = try receive(0)
        let other = try receive(9, partition: 1)
        #expect(offsets(order.add([other])) == [9])
        #expect(offsets(order.add([first])) == [0])
    }

    /// What is left of the earlier assignment is another member's; nothing waits for it.
    @Test mutating func aNewAssignmentBeginsAnew() throws {
        tracker.assign([Self.partition])
        let old = try (0..<2).map { try receive($0) }
        #expect(offsets(order.add([old[1]])).isEmpty)
        tracker.assign([Self.partition])
        let new = try receive(0)
        #expect(offsets(order.add([new])) == [0])
        #expect(offsets(order.add([old[0]])).isEmpty)
    }

    /// The message at its head was abandoned: nothing may wait for it, whether it finished before or after.
    @Test func aRevocationLeavesNothingBehind() throws {
        let ledger = DeliveryLedger()
        ledger.assign([Self.partition])
        let messages = (0..<3).map {
            SourceMessage(origin: Origin(topic: "texts", partition: 0, offset: Int64($0)), payload: nil)
        }
        let texts = zip(messages, ledger.receive(messages)).compactMap { message, ticket in
            ticket.map { FinishedText(ticket: $0, outcome: .dropped(message), receivedAt: .zero) }
        }
        let queue = OutcomeQueue(ledger: ledger, isOrdered: true)
        queue.append([texts[1]])
        #expect(queue.waitingCount == 1)
        ledger.abandon([texts[0].ticket])
        _ = ledger.revoke([Self.partition], patience: .zero)
        queue.forget([Self.partition])
        #expect(queue.waitingCount == 0)
        queue.append([texts[2]])
        #expect(queue.waitingCount == 0)
    }

    @Test mutating func anyOrderOfFinishingGivesTheOrderOfArrival() throws {
        var random = SystemRandomNumberGenerator()
        tracker.assign([Self.partition])
        let texts = try (0..<200).map { try receive($0) }
        var passed: [Int64] = []
        for text in texts.shuffled(using: &random) {
            passed += offsets(
                text.outcome.message.origin.offset % 7 == 3 ? order.skip([text.ticket]) : order.add([text]))
        }
        #expect(passed == (0..<200).filter { $0 % 7 != 3 })
    }
}
