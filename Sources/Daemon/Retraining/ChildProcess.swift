import Foundation
import Synchronization

/// A process of this program's own: started, read to its end, and never left behind.
///
/// It ends when its standard input does, so it cannot outlive a daemon that was killed.
public final class ChildProcess: Sendable {
    /// How it ended, and what it wrote on standard output.
    public struct Ending: Sendable {
        /// The exit status, or 128 and the signal.
        public var status: Int32
        public var output: [UInt8]

        /// In words which signal ended it; nil if none did.
        var signalReason: String? {
            guard status > 128 else { return nil }
            let signal = status - 128
            let hint = signal == SIGKILL ? "; the kernel does so when memory is out" : ""
            return "ended by signal \(signal) (\(String(cString: strsignal(signal))))\(hint)"
        }
    }

    /// More output than this is not kept.
    private static let maximumOutput = 1 << 20

    let processID: pid_t
    private let output: Int32
    private let input: Mutex<Int32?>
    /// Whether the process was waited for: from then on its id may be another's.
    private let isReaped = Mutex(false)

    /// - Throws: with errno's words, if the program cannot be started.
    public init(program: String, arguments: [String], environment: [String: String]) throws(CommandFailure) {
        var toChild: [Int32] = [-1, -1]
        var fromChild: [Int32] = [-1, -1]
        guard pipe(&toChild) == 0 else { throw Self.failure("pipe", errno) }
        guard pipe(&fromChild) == 0 else {
            let code = errno
            Self.close(toChild)
            throw Self.failure("pipe", code)
        }
        // Only the ends that are duplicated onto the child's 0 and 1 are to stay open in it.
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.resetSignals(&attributes)

        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var processID: pid_t = 0
        let code = posix_spawn(&processID, program, &actions, &attributes, words, variables)
        Foundation.close(toChild[0])
        Foundation.close(fromChild[1])
        guard code == 0 else {
            Self.close([toChild[1], fromChild[0]])
            throw Self.failure("starting \(program)", code)
        }
        self.processID = processID
        output = fromChild[0]
        input = Mutex(toChild[1])
    }

    /// Waits for the end, on a thread of its own. Call it once.
    public func ending() async -> Ending {
        await withCheckedContinuation { continuation in
            let thread = Thread { [self] in continuation.resume(returning: waitForEnding()) }
            thread.name = "child process"
            thread.start()
        }
    }

    /// Asks it to end by closing its input, so that it can still note how far it came; `ending()` returns when it has ended.
    func askToEnd() { closeInput() }

    /// Tells it to end.
    func terminate() {
        closeInput()
        signal(SIGTERM)
    }

    /// Ends it.
    func kill() { signal(SIGKILL) }

    private func signal(_ number: Int32) {
        isReaped.withLock { isReaped in
            if !isReaped { _ = Foundation.kill(processID, number) }
        }
    }

    private func closeInput() {
        input.withLock { descriptor in
            if let open = descriptor { Foundation.close(open) }
            descriptor = nil
        }
    }

    private func waitForEnding() -> Ending {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            if bytes.count < Self.maximumOutput { bytes += buffer[..<count] }
        }
        Foundation.close(output)
        // Waited for without reaping first, so that no signal can hit a stranger with the same id.
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

    /// The child takes signals as any program does, whatever this one ignores or blocks.
    private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors { Foundation.close(descriptor) }
    }

    private static func failure(_ what: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.failed, "\(what): \(String(cString: strerror(code)))")
    }
}
