import CLinux
import Glibc
import Synchronization

/// A child process whose output is read to the end.
///
/// Its standard input is a pipe that closes when this process ends, so a program that ends with its input never
/// outlives a parent that was killed.
public final class ChildProcess: Sendable {
    /// How the process ended, and what it wrote.
    public struct Ending: Sendable {
        /// The exit status, or 128 plus the number of the signal that ended the process.
        public var status: Int32
        /// What was captured, cut after about 1 MiB.
        public var output: [UInt8]

        /// The signal that ended the process, in words; nil if none did.
        public var signalReason: String? {
            guard status > 128 else { return nil }
            let signal = status - 128
            let hint = signal == SIGKILL ? "; the kernel sends it when memory runs out" : ""
            return "ended by signal \(signal) (\(String(cString: strsignal(signal))))\(hint)"
        }
    }

    /// Which output is captured.
    public enum Capture: Sendable {
        /// Standard output. Standard error is inherited.
        case standardOutput
        /// Standard error. Standard output goes to `/dev/null`.
        case standardError
        /// Both, interleaved.
        case both
    }

    /// No more is kept once the output has this many bytes.
    private static let maximumOutput = 1 << 20

    /// The process ID, valid until ``ending(read:)`` returns.
    public let processID: pid_t
    private let output: Int32
    private let input: Mutex<Int32?>
    /// Whether the process was reaped. From then on its ID may belong to another process.
    private let isReaped = Mutex(false)

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - program: an absolute path.
    ///   - environment: the whole environment; nothing is inherited.
    ///   - capture: the output that ``ending(read:)`` returns.
    public init(
        program: String, arguments: [String], environment: [String: String], capture: Capture = .standardOutput
    ) throws(SystemError) {
        let toChild = try Self.pipe()
        let fromChild: [Int32]
        do throws(SystemError) { fromChild = try Self.pipe() } catch {
            Self.close(toChild)
            throw error
        }
        var launch = ProcessLaunch(program: program, arguments: arguments, environment: environment)
        launch.descriptors = [(0, toChild[0])]
        switch capture {
        case .standardOutput: launch.descriptors += [(1, fromChild[1])]
        case .standardError: launch.descriptors += [(1, nil), (2, fromChild[1])]
        case .both: launch.descriptors += [(1, fromChild[1]), (2, fromChild[1])]
        }
        // Sockets of this process that a library left open on exec would stay open as long as the child runs.
        launch.closesFrom = 3
        defer { Self.close([toChild[0], fromChild[1]]) }
        do throws(SystemError) { processID = try launch.start() } catch {
            Self.close([toChild[1], fromChild[0]])
            throw error
        }
        output = fromChild[0]
        input = Mutex(toChild[1])
    }

    /// Waits on a new thread until the process ends and reaps it. Call it exactly once.
    ///
    /// - Parameter read: receives the output as it arrives, on that thread.
    public func ending(read: (@Sendable (ArraySlice<UInt8>) -> Void)? = nil) async -> Ending {
        await SystemThread.run(name: "child process") { self.waitForEnding(read) }
    }

    /// Closes the process's input, which asks it to finish what it is doing and end.
    public func askToEnd() { closeInput() }

    /// Closes the process's input and sends SIGTERM.
    public func terminate() {
        closeInput()
        signal(SIGTERM)
    }

    /// Sends SIGKILL.
    public func kill() { signal(SIGKILL) }

    /// Sends a signal. Does nothing once the process was reaped.
    public func signal(_ number: Int32) {
        isReaped.withLock { isReaped in
            if !isReaped { _ = Glibc.kill(processID, number) }
        }
    }

    private func closeInput() {
        input.withLock { descriptor in
            if let open = descriptor { Glibc.close(open) }
            descriptor = nil
        }
    }

    private func waitForEnding(_ receive: (@Sendable (ArraySlice<UInt8>) -> Void)?) -> Ending {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            receive?(buffer[..<count])
            if bytes.count < Self.maximumOutput { bytes += buffer[..<count] }
        }
        Glibc.close(output)
        // Wait without reaping first: no signal can then hit a stranger that got the same ID.
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        var status: Int32 = 0
        isReaped.withLock { isReaped in
            while waitpid(processID, &status, 0) < 0, errno == EINTR {}
            isReaped = true
        }
        closeInput()
        let signal = status & 0x7F
        return Ending(status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: bytes)
    }

    /// Both ends are closed on exec from the start, so that no other child process inherits them.
    private static func pipe() throws(SystemError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError("pipe", code: errno) }
        return ends
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors { Glibc.close(descriptor) }
    }
}
