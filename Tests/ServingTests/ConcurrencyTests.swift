import Foundation
import TestSupport
import Testing

@testable import Serving
@testable import Threading

@Suite(.timeLimit(.minutes(1)))
struct DedicatedThreadTests {
    private actor Recorder {
        private let thread = DedicatedThread(name: "recorder")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private(set) var seen: [Int] = []

        func note(_ number: Int) { seen.append(number) }
        /// Not its name: that is inherited from the thread that made it until the system has set it.
        func currentThread() -> ObjectIdentifier { ObjectIdentifier(Thread.current) }
    }

    @Test func anActorRunsOnItsOwnThread() async {
        let recorders = [Recorder(), Recorder(), Recorder()]
        var seen = [Set<ObjectIdentifier>](repeating: [], count: recorders.count)
        for _ in 0..<20 {
            for (place, recorder) in recorders.enumerated() { seen[place].insert(await recorder.currentThread()) }
        }
        #expect(seen.allSatisfy { $0.count == 1 }, "\(seen)")
        #expect(seen.reduce(into: Set()) { $0.formUnion($1) }.count == recorders.count, "\(seen)")
    }

    @Test func jobsDoNotGetLost() async {
        let recorder = Recorder()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 { group.addTask { await recorder.note(number) } }
        }
        #expect(await recorder.seen.sorted() == Array(0..<500))
    }
}

@Suite(.timeLimit(.minutes(1)))
struct WakeupTests {
    @Test func aSignalIsKeptForTheNextWait() async {
        let wakeup = Wakeup()
        wakeup.signal()
        wakeup.signal()
        await wakeup.wait()
        let waiting = Task { await wakeup.wait() }
        wakeup.signal()
        await waiting.value
    }

    @Test func aCancellationWakes() async {
        let wakeup = Wakeup()
        let waiting = Task { await wakeup.wait() }
        waiting.cancel()
        await waiting.value
    }

    @Test func aWaitEndsWithItsTime() async {
        let (wakeup, clock) = (Wakeup(), ManualClock())
        let waiting = Task { await wakeup.wait(atMost: .seconds(5), clock: clock.clock) }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        await waiting.value
        await wakeup.wait(atMost: .zero, clock: clock.clock)
    }
}

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

    @Test func aRevocationWithoutPatienceTakesWhatThereIs() {
        let (ledger, tickets) = ledger(2)
        ledger.settle([tickets[0]])
        #expect(ledger.revoke([partition], patience: .zero) == [partition: 1])
        #expect(ledger.revoke([partition], patience: .seconds(60)) == [:])
    }
}
