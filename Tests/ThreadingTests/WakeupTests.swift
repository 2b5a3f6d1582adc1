import TestSupport
import Testing

@testable import Threading

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
