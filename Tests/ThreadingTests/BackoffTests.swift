import TestSupport
import Testing

@testable import Threading

struct BackoffTests {
    @Test func doublesUpToTheCeilingWithJitter() {
        let settings = BackoffSettings(initial: .milliseconds(100), ceiling: .seconds(2))
        var backoff = Backoff(settings, generator: TestRandom(seed: 1))
        let waits = (0..<40).map { _ in backoff.next() }
        for (attempt, wait) in waits.enumerated() {
            let whole = min(Duration.milliseconds(100) * (1 << min(attempt, 10)), .seconds(2))
            #expect(wait >= whole * 0.5 && wait <= whole)
        }
        #expect(Set(waits.suffix(20)).count > 10)
    }
}
