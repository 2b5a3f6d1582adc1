import LogKeys
import Logging
import Synchronization
import Threading

/// Log lines of a pipeline's rejected records: a bounded number per second on average, so that a topic full of bad
/// records fills no disk.
///
/// All of them are counted by the metrics, and have rows in `rejected`.
final class RejectionLog: Sendable {
    private let logger: Logger
    private let clock: Clock

    /// Lines per second, and the most at once.
    static let limit = 10

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var bucket = TokenBucket(rate: Double(limit), capacity: Double(limit))
        /// Records without a line since the last line.
        var omitted = 0
    }

    private let state = Mutex(State())

    /// - Parameters: as the properties.
    init(logger: Logger, clock: Clock = .system) { (self.logger, self.clock) = (logger, clock) }

    /// Writes a line for each, as far as the limit goes.
    func note(_ rejections: some Sequence<Rejection>) {
        for rejection in rejections {
            guard let omitted = admit() else { continue }
            var metadata: Logger.Metadata = [
                LogKey.origin: "\(rejection.message.origin)", LogKey.stage: "\(rejection.stage.rawValue)",
                LogKey.cause: "\(rejection.cause)", LogKey.reason: "\(rejection.reason)",
            ]
            if let trace = rejection.message.traceParent { metadata[LogKey.traceParent] = "\(trace)" }
            if omitted > 0 { metadata[LogKey.omitted] = "\(omitted)" }
            logger.info("record rejected", metadata: metadata)
        }
    }

    /// - Returns: how many records before had no line; nil if this one has none either.
    private func admit() -> Int? {
        let now = clock.now()
        return state.withLock { state in
            guard state.bucket.available(now: now) > 0 else {
                state.omitted += 1
                return nil
            }
            state.bucket.take(1)
            defer { state.omitted = 0 }
            return state.omitted
        }
    }
}
