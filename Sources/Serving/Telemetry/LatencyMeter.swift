import Glibc

/// The median and the 99th percentile of latencies.
public struct LatencyQuantiles: Sendable, Equatable {
    /// In seconds.
    public var median: Double
    /// In seconds.
    public var percentile99: Double

    /// - Parameters: as the properties.
    public init(median: Double, percentile99: Double) { (self.median, self.percentile99) = (median, percentile99) }
}

/// Estimates quantiles of the latencies of the last minute, from half a millisecond to two months, within a tenth.
///
/// It counts in buckets, each a fifth wider than the one before, and in slices of ten seconds, so that its size depends
/// neither on the rate nor on the latencies.
struct LatencyMeter {
    private static let firstBound = 0.0005
    private static let growth = 1.2
    private static let buckets = 128
    private static let slices = 6
    private static let sliceSeconds: Int64 = 10

    private var counts = Array(repeating: [Int](repeating: 0, count: LatencyMeter.buckets), count: LatencyMeter.slices)
    /// The number of the newest slice, counted from the clock's zero.
    private var newest: Int64 = 0

    /// - Parameter now: never goes back.
    mutating func add(_ seconds: Double, now: Duration) {
        advance(to: now)
        counts[Int(newest % Int64(Self.slices))][Self.bucket(of: seconds)] += 1
    }

    /// Nil if there were no latencies in the last minute.
    mutating func quantiles(now: Duration) -> LatencyQuantiles? {
        advance(to: now)
        let sums = (0..<Self.buckets).map { bucket in counts.reduce(0) { $0 + $1[bucket] } }
        let total = sums.reduce(0, +)
        guard total > 0 else { return nil }
        return LatencyQuantiles(
            median: Self.quantile(0.5, of: sums, total: total),
            percentile99: Self.quantile(0.99, of: sums, total: total))
    }

    private static func bucket(of seconds: Double) -> Int {
        guard seconds > firstBound else { return 0 }
        let exponent = 1 + (log(seconds / firstBound) / log(growth)).rounded(.down)
        return exponent < Double(buckets) ? Int(exponent) : buckets - 1
    }

    /// The geometric middle of the bucket that holds the quantile.
    private static func quantile(_ share: Double, of sums: [Int], total: Int) -> Double {
        let rank = max(1, Int((share * Double(total)).rounded(.up)))
        var passed = 0
        for (bucket, count) in sums.enumerated() {
            passed += count
            if passed >= rank { return middle(of: bucket) }
        }
        return middle(of: buckets - 1)
    }

    private static func middle(of bucket: Int) -> Double {
        var bound = firstBound
        for _ in 0..<bucket { bound *= growth }
        return bound / growth.squareRoot()
    }

    private mutating func advance(to now: Duration) {
        let present = now.components.seconds / Self.sliceSeconds
        guard present > newest else { return }
        for missed in 1...min(Int64(Self.slices), present - newest) {
            counts[Int((newest + missed) % Int64(Self.slices))] = [Int](repeating: 0, count: Self.buckets)
        }
        // After more than a whole minute all counts are zero.
        newest = present
    }
}
