import Foundation
import TestSupport
import Testing

@testable import Serving

@Suite(.timeLimit(.minutes(1)))
struct DeliveryLedgerTests {
    private let partition = SourcePartition(topic: "texts", partition: 0)

    private func ledger(_ count: Int) -> (DeliveryLedger, [DeliveryTracker.Ticket]) {
        let ledger = DeliveryLedger()
        ledger.assign([partition])
        let messages = (0..<count).map { offset in
            SourceMessage(origin: Origin(topic: "texts", partition: 0, offset: Int64(offset)), payload: [1, 2])
        }
        return (ledger, ledger.receive(messages).compactMap(\.self))
    }

    @Test func aRevocationBlocksUntilAllIsSettled() async {
        let (ledger, tickets) = ledger(2)
        let given = Watched<[SourcePartition: Int64]?>(nil)
        let thread = Thread {
            let positions = ledger.revoke([partition], patience: .seconds(60))
            given.update { $0 = positions }
        }
        thread.start()
        ledger.settle([tickets[1]])
        #expect(given.value == nil)
        ledger.settle([tickets[0]])
        await given.wait { $0 != nil }
        #expect(given.value == [partition: 2])
        #expect(ledger.load == (0, 0))
    }

    /// The next owner receives again what is behind an abandoned message. In an ordered pipeline, it never ends here.
    @Test func aRevocationDoesNotWaitBehindWhatIsAbandoned() async {
        let (ledger, tickets) = ledger(3)
        ledger.settle([tickets[0]])
        ledger.abandon([tickets[1]])
        let given = Watched<[SourcePartition: Int64]?>(nil)
        let thread = Thread {
            let positions = ledger.revoke([partition], patience: .seconds(3600))
            given.update { $0 = positions }
        }
        thread.start()
        await given.wait { $0 != nil }
        #expect(given.value == [partition: 1])
        #expect(ledger.load == (0, 0))
    }

    @Test func aRevocationWithoutPatienceTakesWhatThereIs() {
        let (ledger, tickets) = ledger(2)
        ledger.settle([tickets[0]])
        #expect(ledger.revoke([partition], patience: .zero) == [partition: 1])
        #expect(ledger.revoke([partition], patience: .seconds(60)) == [:])
    }

    /// Several may wait, beside the one that waits for each settlement.
    @Test(arguments: ["settled", "abandoned", "revoked", "cancelled"])
    func whoeverWaitsHearsThatNothingIsInFlight(_ end: String) async {
        let (ledger, tickets) = ledger(2)
        let ended = Watched(0)
        let waiters = (0..<2).map { _ in
            Task {
                await ledger.untilIdle()
                ended.update { $0 += 1 }
            }
        }
        ledger.settle([tickets[1]])
        #expect(ended.value == 0)
        switch end {
        case "settled": ledger.settle([tickets[0]])
        case "abandoned": ledger.abandon([tickets[0]])
        case "revoked": _ = ledger.revoke([partition], patience: .zero)
        default: for waiter in waiters { waiter.cancel() }
        }
        await ended.wait { $0 == 2 }
        // Nothing is in flight, or the waiting task is cancelled: no wait at all.
        if end != "cancelled" { await ledger.untilIdle() }
    }
}
