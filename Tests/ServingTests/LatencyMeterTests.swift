import Testing

@testable import Serving

@Suite struct LatencyMeterTests {
    private var meter = LatencyMeter()

    private mutating func quantiles(atSecond second: Int) throws -> LatencyQuantiles {
        let quantiles = meter.quantiles(now: .seconds(second))
        return try #require(quantiles)
    }

    @Test mutating func quantilesAreWithinATenth() throws {
        let before = meter.quantiles(now: .zero)
        #expect(before == nil)
        for thousandth in 1...1000 { meter.add(Double(thousandth) / 1000, now: .seconds(5)) }
        let quantiles = try quantiles(atSecond: 6)
        #expect(abs(quantiles.median - 0.5) < 0.05)
        #expect(abs(quantiles.percentile99 - 0.99) < 0.099)
    }

    @Test mutating func onlyTheLastMinuteCounts() throws {
        for _ in 0..<1000 { meter.add(10, now: .seconds(100)) }
        meter.add(0.01, now: .seconds(145))
        let soon = try quantiles(atSecond: 145)
        #expect(soon.median > 5)
        let later = try quantiles(atSecond: 165)
        #expect(later.percentile99 < 0.02)
        let muchLater = meter.quantiles(now: .seconds(1000))
        #expect(muchLater == nil)
    }

    /// A timestamp in the future, and one long ago.
    @Test mutating func noLatencyIsTooSmallOrTooLarge() throws {
        meter.add(-1e18, now: .zero)
        let small = try quantiles(atSecond: 0)
        #expect(small.median < 0.001)
        meter.add(1e18, now: .zero)
        meter.add(.infinity, now: .zero)
        let large = try quantiles(atSecond: 0)
        #expect(large.percentile99 > 86400)
    }
}
