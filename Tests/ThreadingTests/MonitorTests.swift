import TestSupport
import Testing

@testable import Threading

@Suite(.timeLimit(.minutes(1)))
struct MonitorTests {
    @Test func updatesFromManyThreadsDoNotGetLost() {
        let monitor = Monitor(0)
        let threads = (0..<4).map { _ in
            BlockingThread.run { for _ in 0..<1000 { monitor.withLock { $0 += 1 } } }
        }
        for thread in threads { thread.value }
        #expect(monitor.withLock { $0 } == 4000)
    }

    @Test func anUpdateWakesAllThatWait() {
        let monitor = Monitor(0)
        let threads = (1...3).map { number in
            BlockingThread.run { monitor.wait { $0 >= number ? $0 : nil } }
        }
        for _ in 0..<3 { monitor.update { $0 += 1 } }
        for (number, thread) in zip(1...3, threads) { #expect(thread.value >= number) }
    }

    @Test func aWaitThatIsSatisfiedReturnsAtOnce() {
        #expect(Monitor([1, 2]).wait { $0.popLast() } == 2)
    }

    @Test func errorsLeaveTheLockFree() {
        struct Stop: Error {}
        let monitor = Monitor(0)
        #expect(throws: Stop.self) { try monitor.withLock { _ throws(Stop) in throw Stop() } }
        #expect(monitor.withLock { $0 } == 0)
    }
}
