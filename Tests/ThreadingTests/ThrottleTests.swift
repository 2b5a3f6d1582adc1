import Testing
import Threading

@Suite struct ThrottleTests {
    @Test func itIsDueOncePerInterval() {
        var throttle = Throttle(every: .seconds(1))
        let due = [0, 999, 1000, 1001, 1999, 3500, 4499, 4500].filter { throttle.isDue(now: .milliseconds($0)) }
        #expect(due == [0, 1000, 3500, 4500])
    }
}
