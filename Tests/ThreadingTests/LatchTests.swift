import Testing

@testable import Threading

@Suite(.timeLimit(.minutes(1)))
struct LatchTests {
    @Test func allThatWaitGetTheValue() async {
        let latch = Latch<Int>()
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { await latch.value } }
            group.addTask {
                latch.open(7)
                return 7
            }
            for await value in group { #expect(value == 7) }
        }
        #expect(await latch.value == 7)
    }

    @Test func theFirstValueStays() async {
        let latch = Latch<Int>()
        latch.open(1)
        latch.open(2)
        #expect(await latch.value == 1)
    }

    @Test func aCancelledTaskWaitsOn() async {
        let latch = Latch<Void>()
        let waiting = Task { await latch.value }
        waiting.cancel()
        latch.open()
        await waiting.value
    }
}
