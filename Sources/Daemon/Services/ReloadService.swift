import ServiceLifecycle
import UnixSignals

/// Reloads the pipeline files on SIGHUP.
struct ReloadService: Service {
    let daemon: LorikeetDaemon

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() { await daemon.reload() }
    }
}
