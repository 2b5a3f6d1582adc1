import FoundationEssentials
import Glibc
import Synchronization
import Threading

/// A process that must not disturb the daemon that started it, nor outlive it.
enum BackgroundProcess {
    /// The lowest priority, for every thread that exists; new ones inherit it from those.
    ///
    /// Called again while it trains: where the process may raise priorities, which root may, libdispatch gives its
    /// threads the usual one when they start, and what they start inherits it.
    static func lowerPriority() {
        let which = __priority_which_t(PRIO_PROCESS.rawValue)
        setpriority(which, 0, 19)
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads.compactMap({ UInt32($0) }) where getpriority(which, thread) != 19 {
            setpriority(which, thread, 19)
        }
    }

    /// Leaves the daemon's session for one of its own, of the lowest priority (`sched(7)`, autogroup).
    ///
    /// Linux shares the processors among sessions before it looks at the priorities within one. In the daemon's
    /// session, a training that fills the time that labelling leaves would use up the daemon's share. Whenever
    /// PostgreSQL is busy too, the daemon's threads would wait for milliseconds each time they wake.
    static func leaveSession() {
        // The leader of a group, such as a command of a shell, cannot: then its session is not only its own.
        guard setsid() >= 0 else { return }
        // Without autogroups there is no such file, and the control group decides.
        try? Data("19".utf8).write(to: URL(filePath: "/proc/self/autogroup"))
    }

    /// As ``leaveSession()``, for a command that a timer or a script starts. On a terminal, Ctrl-C must reach it.
    static func leaveSessionWithoutTerminal() {
        let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        guard terminal < 0 else {
            close(terminal)
            return
        }
        leaveSession()
    }

    /// What a command does first that works beside daemons on the same machine.
    static func giveWay() {
        leaveSessionWithoutTerminal()
        lowerPriority()
        preferForOutOfMemoryKill()
    }

    /// What half of the machine's memory would add to the badness of a process.
    private static let badness = "500"

    /// Makes the kernel kill this process before the daemon when memory runs out (`proc(5)`, `oom_score_adj`).
    static func preferForOutOfMemoryKill() {
        // Where the file cannot be written, the kernel kills the larger process: during training, mostly this one.
        try? Data(badness.utf8).write(to: URL(filePath: "/proc/self/oom_score_adj"))
    }

    /// How long a cancelled run has to end by itself.
    static let cancellationGrace = Duration.seconds(5)

    /// Calls `body` when the other end of standard input closes, and ends the process soon after.
    static func onStandardInputClose(_ body: @escaping @Sendable () -> Void) {
        SystemThread.start(name: "standard input") {
            var byte: UInt8 = 0
            while true {
                let count = read(0, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                break
            }
            body()
            sleep(UInt32(cancellationGrace.components.seconds))
            end()
        }
    }

    /// Ends the process at once.
    static func end() { _exit(ExitStatus.failed.rawValue) }
}

/// A reason that is given once, from any thread.
final class Cancellation: Sendable {
    private let first = Mutex<String?>(nil)

    /// Why the work is to break off; nil: it goes on.
    var reason: String? { first.withLock { $0 } }

    /// The first reason counts.
    func cancel(_ reason: String) { first.withLock { $0 = $0 ?? reason } }
}
