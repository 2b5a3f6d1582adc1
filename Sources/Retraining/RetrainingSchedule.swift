import FoundationEssentials

/// Decides when the daemon retrains a task. It is pure: the daemon's scheduler asks it and does what it says.
public struct RetrainingSchedule: Sendable, Equatable {
    /// The least time between the starts of two retrainings.
    public let every: Duration
    /// Rows that must have been added since the last retraining began; at least 1.
    public let minimumNewRows: Int

    /// - Parameters:
    ///   - every: the least time between two starts.
    ///   - minimumNewRows: 0 counts as 1.
    public init(every: Duration, minimumNewRows: Int) {
        self.every = every
        self.minimumNewRows = max(1, minimumNewRows)
    }

    /// What to do now.
    public enum Decision: Sendable, Equatable {
        /// Start a retraining.
        case retrain
        /// It is too early, for this long.
        case wait(Duration)
        /// It is time, but this many rows are missing.
        case collect(missing: Int)
    }

    /// - Parameters:
    ///   - lastRun: when the last retraining began; `nil` if there was none. A time in the future, as after a clock was
    ///     set back, counts as now.
    ///   - newRows: rows added since then.
    public func decision(lastRun: Date?, newRows: Int, now: Date) -> Decision {
        if let lastRun {
            let elapsed = Duration.seconds(max(0, now.timeIntervalSince(lastRun)))
            if elapsed < every { return .wait(every - elapsed) }
        }
        return newRows >= minimumNewRows ? .retrain : .collect(missing: minimumNewRows - newRows)
    }
}
