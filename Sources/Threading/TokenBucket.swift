/// Limits a rate: a bucket that fills with so many tokens per second, of which every item takes one. It holds no more
/// than a tenth of a second's, so that a pause is not made up for.
public struct TokenBucket: Sendable {
    private let rate: Double
    private let capacity: Double
    private var tokens: Double
    private var filledAt: Duration?

    /// - Parameter rate: tokens per second; more than 0.
    public init(rate: Double) {
        self.rate = rate
        capacity = max(1, rate / 10)
        tokens = capacity
    }

    /// Whole tokens that there are now.
    public mutating func available(now: Duration) -> Int {
        if let filledAt, now > filledAt { tokens = min(capacity, tokens + rate * Self.seconds(now - filledAt)) }
        filledAt = max(now, filledAt ?? now)
        return Int(tokens)
    }

    /// Takes tokens that ``available(now:)`` has counted.
    public mutating func take(_ count: Int) { tokens -= Double(count) }

    /// How long it takes until there is a whole token; zero if there is one.
    public var wait: Duration { tokens >= 1 ? .zero : .seconds((1 - tokens) / rate) }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
