/// The clock of a live way: tells the time and waits. Tests bring their own.
public struct Timepiece: Sendable {
    /// Time passed since some fixed moment; never goes back.
    public let now: @Sendable () -> Duration
    /// Waits, or throws `CancellationError`.
    public let sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's own steady clock.
    public static let system: Timepiece = {
        let start = ContinuousClock.now
        return Timepiece(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) })
    }()
}
