/// Lets something happen once per interval at most.
public struct Throttle: Sendable {
    private let interval: Duration
    private var last: Duration?

    /// The first time is due at once.
    public init(every interval: Duration) { self.interval = interval }

    /// Whether it is due; then it counts as done now.
    public mutating func isDue(now: Duration) -> Bool {
        if let last, now - last < interval { return false }
        last = now
        return true
    }
}
