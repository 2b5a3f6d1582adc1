import Glibc
import Synchronization

/// Every place where the tests kill the process, to see that nothing is lost and nothing doubled afterwards.
///
/// In builds with the compilation condition `LORIKEET_CRASH_POINTS`, which all but `make install`'s have, the environment variable
/// `LORIKEET_CRASH_AT=NAME` kills the process with SIGKILL when it comes to the place of that name; `NAME:3` at the third time.
/// `LORIKEET_HANG_AT` lets the thread hang there instead. In other builds passing a place does nothing.
public enum CrashPoint: String, CaseIterable, Sendable {
    /// Messages were read and are in memory only.
    case afterPoll = "after-poll"
    /// A worker has labelled a batch; nobody knows of it yet.
    case inClassification = "in-classification"
    /// A batch of outcomes is about to be stored.
    case beforeTransaction = "before-transaction"
    /// All rows are written, COMMIT is not sent.
    case inTransaction = "in-transaction"
    /// COMMIT was answered; the tracker does not know.
    case afterTransaction = "after-transaction"
    /// Positions are about to be committed.
    case beforeOffsetCommit = "before-offset-commit"
    /// The commit is on its way, its answer is not there.
    case inOffsetCommit = "in-offset-commit"
    /// The broker has the positions; the tracker does not know.
    case afterOffsetCommit = "after-offset-commit"

    /// The process is at this place.
    public func pass() {
        #if LORIKEET_CRASH_POINTS
            for plan in CrashPlan.all { plan.passed(self) }
        #endif
    }
}

#if LORIKEET_CRASH_POINTS
    /// Where this process is to die, and how many times it may get there before.
    private final class CrashPlan: Sendable {
        static let all = [read("LORIKEET_CRASH_AT", kills: true), read("LORIKEET_HANG_AT", kills: false)].compactMap {
            $0
        }

        private static func read(_ name: String, kills: Bool) -> CrashPlan? {
            getenv(name).flatMap { CrashPlan(String(cString: $0), kills: kills) }
        }

        private let kills: Bool
        private let point: CrashPoint
        private let left: Atomic<Int>

        /// `NAME` or `NAME:COUNT`; nil for anything else.
        init?(_ text: String, kills: Bool) {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard let point = parts.first.flatMap({ CrashPoint(rawValue: String($0)) }),
                let count = parts.count == 1 ? 1 : Int(parts[1]), count > 0
            else { return nil }
            self.kills = kills
            self.point = point
            left = Atomic(count)
        }

        func passed(_ point: CrashPoint) {
            guard point == self.point, left.subtract(1, ordering: .relaxed).newValue == 0 else { return }
            if kills { kill(getpid(), SIGKILL) }
            // A thread that hangs; and the signal may reach another thread first, when nothing more may happen on this one.
            while true { pause() }
        }
    }
#endif
