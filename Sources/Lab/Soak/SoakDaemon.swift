import Foundation

/// One daemon of a soak, which is started again whenever it has ended, as systemd would.
actor SoakDaemon {
    private enum State {
        case starting
        case running(DaemonProcess, since: ContinuousClock.Instant)
        case down
    }

    private let number: Int
    private let pipeline: String
    private let environment: [String: String]
    private let logs: URL
    private var state = State.down
    private var starts = 0
    private var isAskedToEnd = false
    /// How the daemon ended when nobody had asked it to.
    private(set) var ownEnds: [String] = []

    init(number: Int, pipeline: String, environment: [String: String], logs: URL) {
        (self.number, self.pipeline, self.environment, self.logs) = (number, pipeline, environment, logs)
    }

    /// Starts it if it does not run; returns when its health page listens.
    func start() async {
        guard case .down = state else { return }
        state = .starting
        isAskedToEnd = false
        starts += 1
        do {
            let process = try await DaemonProcess.start(
                pipeline: pipeline, environment: environment,
                log: logs.appendingPathComponent("daemon-\(number)-\(starts).log"))
            state = .running(process, since: .now)
            Task { await self.ended(process.exitStatus()) }
        } catch {
            ownEnds.append("daemon \(number), start \(starts): \(error)")
            state = .down
        }
    }

    /// Sends a signal; false if there is nobody to take it.
    func signal(_ number: Int32) -> Bool {
        guard case .running(let process, _) = state, process.isRunning else { return false }
        if number == SIGTERM || number == SIGKILL { isAskedToEnd = true }
        process.signal(number)
        return true
    }

    /// SIGTERM and its end. The exit status of a daemon that cannot end is a fault of its own.
    func terminate() async {
        await untilStarted()
        guard case .running(let process, _) = state else { return }
        isAskedToEnd = true
        let status = await process.terminate()
        if status != 0 { ownEnds.append("daemon \(number): status \(status) after the last SIGTERM") }
    }

    /// Ends it at once, for when the soak is cut short.
    func kill() async {
        await untilStarted()
        guard case .running(let process, _) = state else { return }
        isAskedToEnd = true
        process.signal(SIGKILL)
    }

    /// Resident megabytes, once it has run long enough to have been through all it does.
    func memory() -> Int? {
        guard case .running(let process, let since) = state, ContinuousClock.now - since > .seconds(10) else {
            return nil
        }
        return process.residentMegabytes
    }

    /// A start cannot be called back; it ends by itself, one way or the other.
    private func untilStarted() async {
        while case .starting = state { try? await Task.sleep(for: .milliseconds(20)) }
    }

    private func ended(_ status: Int32) {
        if !isAskedToEnd { ownEnds.append("daemon \(number), start \(starts): status \(status)") }
        state = .down
    }
}
