import Threading

/// Counts events over the last ten seconds.
struct RateMeter {
    private static let window = 10
    private var counts = [Int](repeating: 0, count: RateMeter.window)
    /// The second that the newest count belongs to.
    private var second: Int64 = 0
    private var began: Duration?

    mutating func add(_ count: Int, now: Duration) {
        if began == nil { began = now }
        advance(to: now)
        counts[Int(second % Int64(Self.window))] += count
    }

    /// Events per second.
    mutating func rate(now: Duration) -> Double {
        guard let began else { return 0 }
        advance(to: now)
        let covered = min(Double(Self.window), max(1, (now - began).inSeconds))
        return Double(counts.reduce(0, +)) / covered
    }

    private mutating func advance(to now: Duration) {
        let present = now.components.seconds
        guard present > second else { return }
        for missed in 1...min(Int64(Self.window), present - second) {
            counts[Int((second + missed) % Int64(Self.window))] = 0
        }
        // After more than a whole window all counts are zero.
        second = present
    }
}
