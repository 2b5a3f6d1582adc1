import LogKeys
import Logging
import Operations
import ServiceLifecycle

/// Tells systemd that the daemon is ready, what it does when that changes, and, only while the workers make progress,
/// that it is alive. Logs when every pipeline becomes ready and when one no longer is.
struct StatusReporter: Service {
    let daemon: LorikeetDaemon
    let notifier: SystemdNotifier?
    let logger: Logger
    /// How often health is read.
    static let interval = Duration.seconds(1)
    /// How often STATUS= gets new figures. systemd tells every listener of a change.
    static let figuresInterval = Duration.seconds(5)

    func run() async throws {
        // At once: an outage elsewhere is no failure to start. STATUS= and /readyz say whether texts flow.
        notifier?.ready(status: await daemon.readiness().summary)
        do {
            try await cancelWhenGracefulShutdown { try await report() }
        } catch is CancellationError {}
        notifier?.stopping(status: "draining")
        logger.notice("draining")
    }

    private func report() async throws {
        var summary = ""
        var wasReady = false
        var sinceWatchdog = Duration.zero
        var sinceFigures = Self.figuresInterval
        while true {
            let readiness = await daemon.readiness()
            if readiness.summary != summary || sinceFigures >= Self.figuresInterval {
                notifier?.status(readiness.statusLine(await daemon.statuses()))
                sinceFigures = .zero
            }
            summary = readiness.summary
            if readiness.ready != wasReady {
                logger.notice(readiness.ready ? "ready" : "not ready", metadata: [LogKey.status: "\(summary)"])
            }
            wasReady = readiness.ready
            if let interval = notifier?.watchdogInterval, sinceWatchdog >= min(interval / 3, .seconds(10)) {
                if await daemon.liveness().alive { notifier?.watchdog() }
                sinceWatchdog = .zero
            }
            let wait = min(Self.interval, notifier?.watchdogInterval.map { $0 / 6 } ?? Self.interval)
            try await Task.sleep(for: wait)
            sinceWatchdog += wait
            sinceFigures += wait
        }
    }
}
