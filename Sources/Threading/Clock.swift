import Glibc

/// The clock of a serving pipeline: tells the time and waits. Tests bring their own.
public struct Clock: Sendable {
    /// Time passed since some fixed moment; never goes back.
    public let now: @Sendable () -> Duration
    /// Waits, or throws `CancellationError`.
    public let sleep: @Sendable (Duration) async throws -> Void

    /// The date in milliseconds since 1970, as records' timestamps have it.
    public let date: @Sendable () -> Int64

    public init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void,
        date: @escaping @Sendable () -> Int64 = Clock.systemDate
    ) {
        self.now = now
        self.sleep = sleep
        self.date = date
    }

    /// The machine's own date.
    public static let systemDate: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The machine's own steady clock.
    public static let system: Clock = {
        let start = ContinuousClock.now
        return Clock(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) })
    }()
}
