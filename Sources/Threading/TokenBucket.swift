/// Limits a rate: a bucket that fills with so many tokens per second, of which every item takes one.
public struct TokenBucket: Sendable {
    private let rate: Double
    private let capacity: Double
    private var tokens: Double
    private var filledAt: Duration?

    /// - Parameters:
    ///   - rate: tokens per second; more than 0.
    ///   - capacity: the most tokens that it holds, at least 1; nil: those of a tenth of a second, so that a pause is
    ///     not made up for.
    public init(rate: Double, capacity: Double? = nil) {
        self.rate = rate
        self.capacity = max(1, capacity ?? rate / 10)
        tokens = self.capacity
    }

    /// Whole tokens that there are now.
    public mutating func available(now: Duration) -> Int {
        if let filledAt, now > filledAt { tokens = min(capacity, tokens + rate * (now - filledAt).inSeconds) }
        filledAt = max(now, filledAt ?? now)
        return Int(tokens)
    }

    /// Takes tokens that ``available(now:)`` has counted.
    public mutating func take(_ count: Int) { tokens -= Double(count) }

    /// How long it takes until there is a whole token; zero if there is one.
    public var wait: Duration { tokens >= 1 ? .zero : .seconds((1 - tokens) / rate) }
}
