import AdapterRegistry
import FoundationEssentials
import LogKeys
import Logging
import Operations
import Retraining
import Threading

/// Follows challengers in shadow: logs when one begins, fails and ends, and ends those whose time has passed.
///
/// Every daemon of a task tries; under the lease one succeeds. Attempts run beside the caller, because counting the
/// labels of a day takes a while, and must not delay a swap.
actor ShadowWatch {
    private let conclusion: ShadowConclusion
    private let logger: Logger
    private let clock: Clock
    /// Challengers that are in shadow, as logged last, by task.
    private var known: [String: AdapterVersion] = [:]
    /// Versions of which the log says that they fail, by task.
    private var failed: [String: Int] = [:]
    /// When the time of a shadow has passed by the monotonic clock, and the date of which that is so, by task.
    private var ends: [String: (date: Date, at: Duration)] = [:]
    /// No attempt before this time, by task.
    private var pauses: [String: Duration] = [:]
    private var attempt: Task<Void, Never>?
    /// Whether the log says that an attempt failed.
    private var isFailing = false

    /// The longest time between two attempts.
    private static let longestPause = Duration.seconds(10)

    init(conclusion: ShadowConclusion, logger: Logger, clock: Clock = .system) {
        (self.conclusion, self.logger, self.clock) = (conclusion, logger, clock)
    }

    /// Looks at the challengers in shadow.
    ///
    /// - Parameters:
    ///   - refused: challengers that were not loaded.
    ///   - paused: tasks of which the pipeline file says that nothing is promoted. Their challengers go on labelling.
    func look(
        at snapshot: LiveSnapshot, refused: [String: AdapterRefresh.RefusedShadow] = [:], paused: Set<String> = []
    ) {
        let shadows = snapshot.adapters.compactMapValues(\.shadow)
        log(shadows)
        var failures = refused
        for (task, shadow) in shadows {
            guard let reason = shadow.monitor.failure else { continue }
            failures[task] = AdapterRefresh.RefusedShadow(version: shadow.version.version, reason: reason)
        }
        logFailures(failures)
        ends = ends.filter { shadows[$0.key] != nil || refused[$0.key] != nil }
        let due = shadows.filter { task, shadow in
            !paused.contains(task) && failures[task] == nil && isDue(task, shadow.version.shadow)
        }
        let endings =
            failures.filter { isRested($0.key) && isFinal($0.value, $0.key) }.map {
                Ending(task: $0.key, failure: $0.value)
            }
            + due.keys.map { Ending(task: $0, failure: nil) }
        guard attempt == nil, !endings.isEmpty else { return }
        for ending in endings { rest(ending.task, shadows[ending.task]?.version.shadow) }
        attempt = Task { await self.end(endings.sorted { $0.task < $1.task }) }
    }

    /// Cancels an attempt and waits for it.
    func stop() async {
        attempt?.cancel()
        await attempt?.value
    }

    /// A shadow to end.
    private struct Ending {
        let task: String
        /// Nil: its time has passed.
        let failure: AdapterRefresh.RefusedShadow?
    }

    private func end(_ endings: [Ending]) async {
        defer { attempt = nil }
        for ending in endings where !Task.isCancelled {
            do {
                let ended: ShadowConclusion.Ending?
                if let failure = ending.failure {
                    ended = try await conclusion.fail(
                        task: ending.task, version: failure.version, reason: failure.reason,
                        fitsElsewhere: failure.othersUntil != nil)
                } else {
                    ended = try await conclusion.run(task: ending.task)
                }
                isFailing = false
                if let ended { log(ended, task: ending.task) }
            } catch {
                if Task.isCancelled { return }
                logFailedAttempt(error, task: ending.task)
            }
        }
    }

    // MARK: - Times

    private func isDue(_ task: String, _ period: ShadowPeriod?) -> Bool {
        guard let period, hasPassed(period.earliestEnd, of: task, within: period.terms.seconds) else { return false }
        return isRested(task)
    }

    /// Whether no daemon can use it. One whose pipeline file is older, as during an upgrade, must not end the shadow
    /// that another daemon began; where the files still differ when its time is over, somebody has to.
    private func isFinal(_ failure: AdapterRefresh.RefusedShadow, _ task: String) -> Bool {
        failure.othersUntil.map { hasPassed($0, of: task) } ?? true
    }

    /// A hint by this machine's clocks; the database, which gave the date, decides.
    ///
    /// The monotonic clock runs from the first question on: if the date is set back, the shadow ends no later.
    ///
    /// - Parameter seconds: until the date at most, whatever the date is here.
    private func hasPassed(_ date: Date, of task: String, within seconds: Double = .infinity) -> Bool {
        let (end, today) = (Int64(date.timeIntervalSince1970 * 1000), clock.date())
        if end <= today { return true }
        if let known = ends[task], known.date == date { return known.at <= clock.now() }
        let left = min(Double(end - today) / 1000, seconds)
        ends[task] = (date, clock.now() + .seconds(left))
        return left <= 0
    }

    private func isRested(_ task: String) -> Bool { pauses[task].map { clock.now() >= $0 } ?? true }

    private func rest(_ task: String, _ period: ShadowPeriod?) {
        let pause = period.map { min(.seconds($0.terms.seconds / 10), Self.longestPause) } ?? Self.longestPause
        pauses[task] = clock.now() + pause
    }

    // MARK: - Log lines

    private func log(_ shadows: [String: ShadowAdapter]) {
        for (task, version) in known where shadows[task]?.version.shadow != version.shadow {
            known[task] = nil
            (failed[task], pauses[task]) = (nil, nil)
            logger.info("challenger no longer labels beside the champion", metadata: .adapter(version))
        }
        for (task, shadow) in shadows where known[task] == nil {
            known[task] = shadow.version
            logger.notice("challenger labels beside the champion", metadata: .adapter(shadow.version))
        }
    }

    private func logFailures(_ failures: [String: AdapterRefresh.RefusedShadow]) {
        for (task, failure) in failures where failed[task] != failure.version {
            failed[task] = failure.version
            let metadata: Logger.Metadata = [
                LogKey.task: "\(task)", LogKey.version: "\(failure.version)", LogKey.reason: "\(failure.reason)",
            ]
            if failure.othersUntil == nil {
                logger.error("challenger in shadow cannot label, ending its shadow", metadata: metadata)
            } else {
                logger.warning("challenger in shadow cannot label in this daemon", metadata: metadata)
            }
        }
    }

    private func log(_ ended: ShadowConclusion.Ending, task: String) {
        logger.notice(
            "shadow ended",
            metadata: [
                LogKey.task: "\(task)", LogKey.version: "\(ended.version)",
                LogKey.verdict: "\(ended.verdict.rawValue)", LogKey.reason: "\(ended.reason)",
            ])
    }

    private func logFailedAttempt(_ error: any Error, task: String) {
        guard !isFailing else { return }
        isFailing = true
        logger.warning(
            "shadow cannot be ended, retrying", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(error)"])
    }
}
