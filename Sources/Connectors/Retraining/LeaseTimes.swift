/// How long a lease lasts, and how often its holder renews it.
public struct LeaseTimes: Sendable, Equatable {
    /// From each renewal on. A process that was killed holds its lease no longer than this.
    public var length: Duration
    /// Between two renewals.
    public var heartbeat: Duration
    /// Between two attempts at one, while the database is away.
    public var retry: Duration

    public init(length: Duration = .seconds(60), heartbeat: Duration = .seconds(20), retry: Duration = .seconds(2)) {
        (self.length, self.heartbeat, self.retry) = (length, heartbeat, retry)
    }
}
