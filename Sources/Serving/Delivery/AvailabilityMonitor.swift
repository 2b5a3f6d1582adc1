import Synchronization
import Threading

/// The ``Availability`` that all stages of a pipeline share. They report to it and ask it; it tells the telemetry.
final class AvailabilityMonitor: Sendable {
    private let state = Mutex(Availability())
    private let telemetry: PipelineTelemetry
    private let clock: Clock

    init(telemetry: PipelineTelemetry, clock: Clock) {
        self.telemetry = telemetry
        self.clock = clock
    }

    func isUnavailable(_ dependency: Dependency) -> Bool { state.withLock { $0.isUnavailable(dependency) } }

    var reasons: [String] { state.withLock { $0.reasons } }

    func reason(ofSide side: String) -> String? { state.withLock { $0.reason(ofSide: side) } }

    var publisherReason: String? { state.withLock { $0.publisherReason } }

    /// No live adapter yet. Nothing failed, so nothing is counted as a retry.
    func lacksAdapters(reason: String) { note(.adapters, reason: reason) }

    func failed(_ dependency: Dependency, _ error: ConnectorError) {
        telemetry.retried(dependency, cause: error.cause)
        note(dependency, reason: error.reason)
    }

    func succeeded(_ dependency: Dependency) {
        guard let outage = state.withLock({ $0.succeeded(dependency) }) else { return }
        telemetry.recovered(dependency, attempts: outage.attempts, after: clock.now() - outage.since)
    }

    /// Nothing waits for it any more, so that an attempt will neither succeed nor fail.
    func released(_ dependency: Dependency) {
        guard let outage = state.withLock({ $0.succeeded(dependency) }) else { return }
        telemetry.released(dependency, attempts: outage.attempts, after: clock.now() - outage.since)
    }

    private func note(_ dependency: Dependency, reason: String) {
        let now = clock.now()
        if state.withLock({ $0.failed(dependency, reason: reason, now: now) }) {
            telemetry.becameUnavailable(dependency, reason: reason)
        }
    }
}
