/// How long to wait between the attempts of a retry.
public struct BackoffSettings: Sendable, Equatable {
    /// The first wait, before jitter.
    public var initial: Duration
    /// No wait is longer.
    public var ceiling: Duration

    /// The defaults suit a broker or database that restarts.
    public init(initial: Duration = .milliseconds(200), ceiling: Duration = .seconds(15)) {
        self.initial = initial
        self.ceiling = ceiling
    }
}

/// Exponential back-off: waits that double up to a ceiling. Each is shortened at random by up to half, so that many
/// daemons do not reconnect at once.
public struct Backoff: Sendable {
    private let settings: BackoffSettings
    private var generator: any RandomNumberGenerator & Sendable
    /// The number of waits so far.
    public private(set) var attempts = 0

    /// A back-off before its first wait.
    ///
    /// - Parameter generator: of the jitter.
    public init(
        _ settings: BackoffSettings, generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.settings = settings
        self.generator = generator
    }

    /// The wait before the next attempt.
    public mutating func next() -> Duration {
        let doubled = settings.initial * (1 << min(attempts, 20))
        attempts += 1
        let jitter = Double.random(in: 0.5...1, using: &generator)
        return min(doubled, settings.ceiling) * jitter
    }
}
