import DaemonClient
import FoundationEssentials
import Glibc
import HTTPClient
import JSON
import Synchronization
import Threading

/// `lorikeet run` as a process of its own, started as an administrator would start it.
final class DaemonProcess: Sendable {
    /// Where its metrics and health pages are: `127.0.0.1:PORT`.
    let address: String

    private let child: ChildProcess
    private let output: Output

    private init(child: ChildProcess, output: Output, address: String) {
        (self.child, self.output, self.address) = (child, output, address)
    }

    /// Starts the daemon and waits until its health page listens.
    ///
    /// - Parameters:
    ///   - program: the executable; this program by default.
    ///   - pipeline: the pipeline file.
    ///   - options: further arguments: options, other pipeline files.
    ///   - launcher: a command that starts the program, such as `/usr/bin/taskset -c 0`.
    ///   - environment: variables added to this process's environment.
    ///   - log: the file that receives the daemon's log.
    static func start(
        program: String = OwnProgram.path, pipeline: String, options: [String] = [], launcher: [String] = [],
        environment: [String: String], log: String
    ) async throws -> DaemonProcess {
        let command = launcher + [program, "run", pipeline, "--http", "127.0.0.1:0", "--log-format", "json"] + options
        let output = try Output(log: log)
        let child = try ChildProcess(
            program: command[0], arguments: Array(command.dropFirst()),
            environment: OwnProgram.environment(adding: environment), capture: .standardError)
        Task { output.end(await child.ending { output.take($0) }.status) }

        guard let address = await output.address() else {
            child.terminate()
            try Task.checkCancellation()
            throw LabError("lorikeet run did not start. The end of its log:\n\(Log.tail(of: log, lines: 15))")
        }
        return DaemonProcess(child: child, output: output, address: address)
    }

    // MARK: - Looking at it

    var isRunning: Bool { output.isRunning }

    var processID: pid_t { child.processID }

    /// Resident memory; nil once the process has ended.
    var residentMegabytes: Int? { ProcessMemory(of: processID).residentMegabytes }

    /// The highest resident memory so far; nil once the process has ended.
    var peakMegabytes: Int? { ProcessMemory(of: processID).peakMegabytes }

    /// The status and body of one of its pages; nil if there is no answer within two seconds.
    func page(_ path: String) -> (status: Int, body: String)? {
        var settings = HTTPFetch.Settings()
        (settings.timeout, settings.maximumAnswerBytes, settings.usesProxy) = (.seconds(2), .max, false)
        guard let answer = try? HTTPFetch(settings).get("http://\(address)\(path)") else { return nil }
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// Whether `/readyz` answers 200.
    func isReady() -> Bool { page("/readyz")?.status == 200 }

    /// The counters and gauges of `/metrics`; nil if the page does not answer.
    func metrics() -> MetricsPage? { page("/metrics").map { MetricsPage(text: $0.body) } }

    // MARK: - Ending it

    /// Sends a signal, such as SIGHUP or SIGKILL.
    func signal(_ number: Int32) { child.signal(number) }

    /// Waits until the process has ended.
    ///
    /// - Returns: its exit status, or 128 plus the number of the signal that ended it.
    func exitStatus() async -> Int32 { await output.exitStatus }

    /// Sends SIGKILL and waits until the process has ended.
    func kill() async {
        signal(SIGKILL)
        _ = await exitStatus()
    }

    /// Sends SIGTERM and waits until the daemon has drained and ended.
    ///
    /// - Returns: as ``exitStatus()``.
    @discardableResult
    func terminate() async -> Int32 {
        child.terminate()
        return await output.exitStatus
    }
}

extension DaemonProcess {
    /// What a daemon writes: kept in a log file and searched for the address of its health page.
    private final class Output: Sendable {
        private let log: Int32
        private let addresses: AsyncStream<String>
        private let foundAddress: AsyncStream<String>.Continuation
        private let exit = Latch<Int32>()

        // MARK: - Mutable State (guarded by `state`)

        private struct State {
            var isRunning = true
            /// The beginning of a line whose end has not arrived yet.
            var incomplete: [UInt8] = []
        }
        private let state = Mutex(State())

        init(log path: String) throws {
            log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard log >= 0 else { throw LabError("\(path): \(SystemError.text(errno))") }
            (addresses, foundAddress) = AsyncStream.makeStream(of: String.self)
        }

        deinit { close(log) }

        var isRunning: Bool { state.withLock(\.isRunning) }

        var exitStatus: Int32 { get async { await exit.value } }

        /// The address, once the log names it; nil if the daemon ends before that or the task is cancelled.
        func address() async -> String? { await addresses.first { _ in true } }

        /// Takes what the daemon wrote.
        func take(_ bytes: ArraySlice<UInt8>) {
            // A full disk costs the log, not the run.
            bytes.withUnsafeBytes { _ = write(log, $0.baseAddress, $0.count) }
            for line in completeLines(with: bytes) {
                if case .string(let address) = (try? JSONParser.parse(line))?["http"] { foundAddress.yield(address) }
            }
        }

        /// Notes that the process has ended.
        func end(_ status: Int32) {
            state.withLock { $0.isRunning = false }
            foundAddress.finish()
            exit.open(status)
        }

        private func completeLines(with bytes: ArraySlice<UInt8>) -> [[UInt8]] {
            state.withLock { state in
                var parts = (state.incomplete + bytes)
                    .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
                state.incomplete = parts.removeLast()
                return parts
            }
        }
    }
}

extension DaemonProcess {
    /// The log file of a daemon.
    enum Log {
        /// The last lines; "" if there is no such file.
        static func tail(of path: String, lines: Int) -> String {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").suffix(lines).map { $0.prefix(400) }.joined(separator: "\n")
        }
    }
}
