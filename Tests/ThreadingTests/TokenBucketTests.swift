import Testing
import Threading

struct TokenBucketTests {
    @Test func itGivesAsMuchAsTheRateAllows() {
        var bucket = TokenBucket(rate: 100)
        var given = 0
        for millisecond in stride(from: 0, through: 10_000, by: 7) {
            let count = bucket.available(now: .milliseconds(millisecond))
            bucket.take(count)
            given += count
        }
        // Ten seconds, and what it begins with.
        #expect((999...1010).contains(given))
    }

    @Test func aPauseIsNotMadeUpFor() {
        var bucket = TokenBucket(rate: 100)
        bucket.take(bucket.available(now: .zero))
        let available = bucket.available(now: .seconds(3600))
        #expect(available == 10)
    }

    @Test func aCapacityIsKept() {
        var bucket = TokenBucket(rate: 8, capacity: 8)
        var available: [Int] = []
        func look(_ now: Duration) { available.append(bucket.available(now: now)) }
        look(.seconds(5))
        bucket.take(8)
        look(.milliseconds(5_500))
        bucket.take(1)
        look(.seconds(60))
        #expect(available == [8, 4, 8])
    }

    @Test func aSlowRateWaitsForWholeTokens() {
        var bucket = TokenBucket(rate: 0.5)
        var available: [Int] = []
        func look(_ now: Duration) { available.append(bucket.available(now: now)) }
        look(.zero)
        bucket.take(1)
        look(.seconds(1))
        #expect(bucket.wait == .seconds(1))
        look(.seconds(2))
        #expect(bucket.wait == .zero)
        // A clock that goes back gives nothing.
        bucket.take(1)
        look(.seconds(1))
        #expect(available == [1, 0, 1, 0])
    }
}
