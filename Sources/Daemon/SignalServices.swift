import Logging
import ServiceLifecycle
import UnixSignals

/// SIGHUP reloads.
struct ReloadOnHangUp: Service {
    let daemon: LorikeetDaemon

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await daemon.reload() }
    }
}

/// Tells systemd how the daemon is: ready, a line of status when it changes, and, only while the workers make progress, that it is
/// alive. Says once in the log when texts flow through every pipeline, and when they no longer do.
struct StatusReporter: Service {
    let daemon: LorikeetDaemon
    let notifier: SystemdNotifier?
    let logger: Logger
    /// How often health is looked at.
    static let interval = Duration.seconds(1)

    func run() async throws {
        // At once: an outage elsewhere is no failure to start. Whether texts flow, STATUS= and /readyz tell.
        notifier?.ready(status: await daemon.readiness().summary)
        do {
            try await cancelWhenGracefulShutdown { try await report() }
        } catch is CancellationError {}
        notifier?.stopping(status: "draining")
        logger.notice("stopping: taking no more texts, finishing those in flight")
    }

    private func report() async throws {
        var summary = ""
        var wasReady = false
        var sinceWatchdog = Duration.zero
        while true {
            let readiness = await daemon.readiness()
            if readiness.summary != summary { notifier?.status(readiness.summary) }
            summary = readiness.summary
            if readiness.ready != wasReady {
                logger.notice(readiness.ready ? "ready" : "not ready", metadata: ["status": "\(summary)"])
            }
            wasReady = readiness.ready
            if let interval = notifier?.watchdogInterval, sinceWatchdog >= min(interval / 3, .seconds(10)) {
                if await daemon.liveness().alive { notifier?.watchdog() }
                sinceWatchdog = .zero
            }
            let wait = min(Self.interval, notifier?.watchdogInterval.map { $0 / 6 } ?? Self.interval)
            try await Task.sleep(for: wait)
            sinceWatchdog += wait
        }
    }
}

/// The workers, until the ways that feed them have drained.
struct WorkerService: Service {
    let run: @Sendable () async -> Void

    func run() async throws { await cancelWhenGracefulShutdown { await self.run() } }
}
