import Glibc
import Threading

/// One daemon of a soak. It can be started again after each end, as systemd would.
actor SoakDaemon {
    private enum State {
        case down
        /// The latch opens when the start has succeeded or failed.
        case starting(Latch<Void>)
        case running(DaemonProcess, since: ContinuousClock.Instant)
    }

    private let number: Int
    private let pipelines: [String]
    private let environment: [String: String]
    private let logs: String
    private var state = State.down
    private var starts = 0
    private var isAskedToEnd = false
    /// Each end that nobody had asked for, in words.
    private(set) var unexpectedExits: [String] = []

    /// - Parameters:
    ///   - number: tells the daemons of a soak apart, from 1.
    ///   - pipelines: the pipeline files, at least one.
    ///   - logs: the folder of the daemons' logs.
    init(number: Int, pipelines: [String], environment: [String: String], logs: String) {
        (self.number, self.pipelines, self.environment, self.logs) = (number, pipelines, environment, logs)
    }

    /// Starts the daemon unless it runs, and returns when its health page listens.
    func start() async {
        guard case .down = state else { return }
        let started = Latch<Void>()
        state = .starting(started)
        isAskedToEnd = false
        starts += 1
        do {
            let process = try await DaemonProcess.start(
                pipeline: pipelines[0], options: Array(pipelines.dropFirst()), environment: environment,
                log: "\(logs)/daemon-\(number)-\(starts).log")
            state = .running(process, since: .now)
            Task { await self.ended(process.exitStatus()) }
        } catch {
            unexpectedExits.append("daemon \(number), start \(starts): \(error)")
            state = .down
        }
        started.open()
    }

    /// Sends a signal.
    ///
    /// - Returns: false if the daemon does not run.
    func signal(_ number: Int32) -> Bool {
        guard case .running(let process, _) = state, process.isRunning else { return false }
        if number == SIGTERM || number == SIGKILL { isAskedToEnd = true }
        process.signal(number)
        return true
    }

    /// Sends SIGTERM and waits for the end. A status other than 0 counts as unexpected.
    func terminate() async {
        guard let process = await runningProcess() else { return }
        isAskedToEnd = true
        let status = await process.terminate()
        if status != 0 { unexpectedExits.append("daemon \(number): status \(status) after the last SIGTERM") }
    }

    /// Ends it at once: the soak has failed or was interrupted.
    func kill() async {
        guard let process = await runningProcess() else { return }
        isAskedToEnd = true
        process.signal(SIGKILL)
    }

    /// Resident memory in megabytes; nil in the first ten seconds, in which it grows to its normal size.
    func memory() -> Int? {
        guard case .running(let process, let since) = state, ContinuousClock.now - since > .seconds(10) else {
            return nil
        }
        return process.residentMegabytes
    }

    /// A start cannot be interrupted, so this waits until it has ended one way or the other.
    private func runningProcess() async -> DaemonProcess? {
        if case .starting(let started) = state { await started.value }
        guard case .running(let process, _) = state else { return nil }
        return process
    }

    private func ended(_ status: Int32) {
        if !isAskedToEnd { unexpectedExits.append("daemon \(number), start \(starts): status \(status)") }
        state = .down
    }
}
