import Glibc

/// A clock that tests can replace.
public struct Clock: Sendable {
    /// The time since a fixed moment. Never goes back.
    public let now: @Sendable () -> Duration
    /// Waits for the duration. Throws `CancellationError` if the task is cancelled.
    public let sleep: @Sendable (Duration) async throws -> Void
    /// The date in milliseconds since 1970, as in the timestamps of Kafka records.
    public let date: @Sendable () -> Int64

    /// A clock made of these functions.
    public init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void,
        date: @escaping @Sendable () -> Int64 = Clock.systemDate
    ) {
        self.now = now
        self.sleep = sleep
        self.date = date
    }

    /// The system's date in milliseconds since 1970.
    public static let systemDate: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The system's monotonic clock and its date.
    public static let system: Clock = {
        let start = ContinuousClock.now
        return Clock(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) })
    }()
}
