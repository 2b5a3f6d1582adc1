import Foundation

/// When a task is to be retrained: pure, so that the daemon's scheduler only asks and obeys.
public struct RetrainingSchedule: Sendable, Equatable {
    /// At least this long between the starts of two retrainings.
    public var every: Duration
    /// Rows that must have come since the last one began.
    public var minimumNewRows: Int

    public init(every: Duration, minimumNewRows: Int) {
        self.every = every
        self.minimumNewRows = minimumNewRows
    }

    /// What to do now.
    public enum Decision: Sendable, Equatable {
        case retrain
        /// Too early; nothing can change before so long.
        case wait(Duration)
        /// Early enough, but so many rows are missing.
        case collect(missing: Int)
    }

    /// - Parameters:
    ///   - lastRun: when the last retraining began; `nil` if there was none. One in the future (a clock that was set back)
    ///     counts as now.
    ///   - newRows: rows since then.
    public func decision(lastRun: Date?, newRows: Int, now: Date) -> Decision {
        if let lastRun {
            let passed = Duration.seconds(max(0, now.timeIntervalSince(lastRun)))
            if passed < every { return .wait(every - passed) }
        }
        return newRows >= max(1, minimumNewRows) ? .retrain : .collect(missing: max(1, minimumNewRows) - newRows)
    }
}
