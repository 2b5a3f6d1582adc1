/// The progress of a soak's load: messages stored per minute, and whether it stalls although nothing is broken.
///
/// A state machine without I/O and without a clock of its own.
struct SoakProgress {
    /// About how many messages are stored.
    private(set) var stored = 0
    private var lastProgress: ContinuousClock.Instant
    /// Since when nothing is broken; nil while a fault lasts.
    private var healthySince: ContinuousClock.Instant?
    private var minute: (number: Int, begun: ContinuousClock.Instant, stored: Int, produced: Int)

    /// After this time without a stored message, no further fault is injected.
    private static let slow = Duration.seconds(30)
    /// After this time without a stored message and without a fault, the load has stalled.
    private static let stall = Duration.seconds(60)

    init(now: ContinuousClock.Instant) {
        lastProgress = now
        healthySince = now
        minute = (0, now, 0, 0)
    }

    /// Takes a reading.
    ///
    /// - Parameters:
    ///   - stored: messages stored so far; nil if the database does not answer.
    ///   - isBroken: whether a fault lasts.
    mutating func note(stored: Int?, isBroken: Bool, now: ContinuousClock.Instant) {
        healthySince = isBroken ? nil : healthySince ?? now
        guard let stored, stored > self.stored else { return }
        self.stored = stored
        lastProgress = now
    }

    /// Whether the load should recover before the next fault.
    func isSlow(_ now: ContinuousClock.Instant) -> Bool { now - lastProgress >= Self.slow }

    /// Whether the load will hardly recover by itself.
    func isStalled(_ now: ContinuousClock.Instant) -> Bool {
        guard let healthySince else { return false }
        return now - max(lastProgress, healthySince) >= Self.stall
    }

    /// A progress line, once per minute; nil in between.
    mutating func minuteLine(produced: Int, faults: Int, now: ContinuousClock.Instant) -> String? {
        guard now - minute.begun >= .seconds(60) else { return nil }
        let line =
            "minute \(minute.number + 1): \(stored - minute.stored) messages stored, "
            + "\(produced - minute.produced) produced; \(faults) faults so far"
        minute = (minute.number + 1, now, stored, produced)
        return line
    }
}
