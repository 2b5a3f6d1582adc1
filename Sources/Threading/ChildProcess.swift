import Glibc
import Synchronization

/// A program that this one started, reads to its end and never leaves behind.
///
/// A program that ends with its standard input cannot outlive a parent that was killed.
public final class ChildProcess: Sendable {
    /// How it ended, and what it wrote.
    public struct Ending: Sendable {
        /// The exit status, or 128 and the signal.
        public var status: Int32
        /// At most 1 MiB.
        public var output: [UInt8]

        /// Which signal ended it, in words; nil if none did.
        public var signalReason: String? {
            guard status > 128 else { return nil }
            let signal = status - 128
            let hint = signal == SIGKILL ? "; the kernel does so when memory is out" : ""
            return "ended by signal \(signal) (\(String(cString: strsignal(signal))))\(hint)"
        }
    }

    /// What of it is read. The rest goes where this program's goes.
    public enum Capture: Sendable {
        case standardOutput
        /// Standard output goes to `/dev/null`.
        case standardError
        case both
    }

    /// More output than this is not kept.
    private static let maximumOutput = 1 << 20

    public let processID: pid_t
    private let output: Int32
    private let input: Mutex<Int32?>
    /// Whether the process was waited for: from then on its ID may be another's.
    private let isReaped = Mutex(false)

    /// - Parameter environment: all that it sees; nothing is inherited.
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
        defer { Self.close([toChild[0], fromChild[1]]) }
        do throws(SystemError) { processID = try launch.start() } catch {
            Self.close([toChild[1], fromChild[0]])
            throw error
        }
        output = fromChild[0]
        input = Mutex(toChild[1])
    }

    /// Waits for the end, on a thread of its own. Call it once.
    ///
    /// - Parameter read: receives what it writes, as it comes, on that thread.
    public func ending(read: (@Sendable (ArraySlice<UInt8>) -> Void)? = nil) async -> Ending {
        await SystemThread.run(name: "child process") { self.waitForEnding(read) }
    }

    /// Asks it to end by closing its input, so that it can still note how far it came; `ending()` returns when it has ended.
    public func askToEnd() { closeInput() }

    /// Tells it to end.
    public func terminate() {
        closeInput()
        signal(SIGTERM)
    }

    /// Ends it.
    public func kill() { signal(SIGKILL) }

    /// Sends a signal while it runs; afterwards its ID may be another's.
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
        // Waited for without reaping first, so that no signal can hit a stranger with the same ID.
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

    /// Both ends closed on exec: only those duplicated onto the child's 0, 1 and 2 are to stay open in it.
    private static func pipe() throws(SystemError) -> [Int32] {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe", code: errno) }
        for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return ends
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors { Glibc.close(descriptor) }
    }
}
