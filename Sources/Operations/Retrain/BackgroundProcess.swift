import Foundation
import Synchronization
import Threading

/// What a process does that must disturb nobody and outlive nobody.
enum BackgroundProcess {
    /// The lowest priority, for every thread that exists; new ones inherit it from those.
    static func lowerPriority() {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads.compactMap({ UInt32($0) }) {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), thread, 19)
        }
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
    }

    /// What half of the machine's memory would add to the badness of a process.
    private static let badness = "500"

    /// Where memory is out, the kernel is to end this process and not the daemon that started it (`proc(5)`, `oom_score_adj`).
    static func goFirstWhenMemoryIsOut() {
        // Where that file cannot be written, the larger process goes first: while it trains, that is most often this one.
        try? Data(badness.utf8).write(to: URL(filePath: "/proc/self/oom_score_adj"))
    }

    /// How long a cancelled run may take to end by itself.
    private static let patience: UInt32 = 5

    /// Calls `body` when nobody holds the other end of standard input any more, and ends the process soon after.
    static func whenStandardInputCloses(_ body: @escaping @Sendable () -> Void) {
        SystemThread.start(name: "standard input") {
            var byte: UInt8 = 0
            while true {
                let count = read(0, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                break
            }
            body()
            sleep(patience)
            _exit(ExitStatus.failed.rawValue)
        }
    }
}

/// A flag that is set once, from any thread.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }
    func cancel() { flag.store(true, ordering: .relaxed) }
}
