/// How the load of a soak gets on: messages stored, per minute, and whether they stall while nothing is broken.
///
/// No input, no output, no clock of its own.
struct SoakProgress {
    /// About how many messages are stored.
    private(set) var stored = 0
    private var lastProgress: ContinuousClock.Instant
    /// Since when nothing is broken; nil while something is.
    private var soundSince: ContinuousClock.Instant?
    private var minute: (number: Int, begun: ContinuousClock.Instant, stored: Int, produced: Int)

    /// Without a stored message for this long, no further fault is made.
    private static let patience = Duration.seconds(30)
    /// Without one for this long, and nothing broken in that time, the load has stalled.
    private static let stall = Duration.seconds(60)

    init(now: ContinuousClock.Instant) {
        lastProgress = now
        soundSince = now
        minute = (0, now, 0, 0)
    }

    /// - Parameter stored: nil where it cannot be told at the moment.
    mutating func note(stored: Int?, isBroken: Bool, now: ContinuousClock.Instant) {
        soundSince = isBroken ? nil : soundSince ?? now
        guard let stored, stored > self.stored else { return }
        self.stored = stored
        lastProgress = now
    }

    func isSlow(_ now: ContinuousClock.Instant) -> Bool { now - lastProgress >= Self.patience }

    func isStalled(_ now: ContinuousClock.Instant) -> Bool {
        guard let soundSince else { return false }
        return now - max(lastProgress, soundSince) >= Self.stall
    }

    /// A line of progress whenever a minute is over.
    mutating func minuteLine(produced: Int, faults: Int, now: ContinuousClock.Instant) -> String? {
        guard now - minute.begun >= .seconds(60) else { return nil }
        let line =
            "minute \(minute.number + 1): \(stored - minute.stored) messages stored, \(produced - minute.produced) produced; "
            + "\(faults) faults so far"
        minute = (minute.number + 1, now, stored, produced)
        return line
    }
}
