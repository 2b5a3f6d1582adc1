import Glibc
import Synchronization

/// Places where tests kill the process to check that nothing is lost or duplicated.
///
/// The compilation condition `LORIKEET_CRASH_POINTS` enables them in all builds except those of `make install`. The
/// environment variable `LORIKEET_CRASH_AT=NAME` then kills the process with SIGKILL at that place; `NAME:3` at the
/// third pass. `LORIKEET_HANG_AT` hangs the thread instead.
public enum CrashPoint: String, CaseIterable, Sendable {
    /// Messages are read and only in memory.
    case afterPoll = "after-poll"
    /// A worker has labelled a batch and has not handed it on.
    case inClassification = "in-classification"
    /// Outcomes are about to be stored.
    case beforeTransaction = "before-transaction"
    /// All rows are written, COMMIT is not sent.
    case inTransaction = "in-transaction"
    /// COMMIT is answered; the tracker does not know yet.
    case afterTransaction = "after-transaction"
    /// Offsets are about to be committed.
    case beforeOffsetCommit = "before-offset-commit"
    /// The commit is sent and not answered.
    case inOffsetCommit = "in-offset-commit"
    /// The broker has the offsets; the tracker does not know yet.
    case afterOffsetCommit = "after-offset-commit"
    /// Records are read from the outbox and not sent.
    case beforePublication = "before-publication"
    /// The broker has the records; they are still in the outbox.
    case afterPublication = "after-publication"

    /// Marks that the process is at this place.
    public func pass() {
        #if LORIKEET_CRASH_POINTS
            for plan in Plan.all { plan.passed(self) }
        #endif
    }
}

#if LORIKEET_CRASH_POINTS
    extension CrashPoint {
        /// Where this process dies or hangs, and at which pass.
        private final class Plan: Sendable {
            static let all = [read("LORIKEET_CRASH_AT", kills: true), read("LORIKEET_HANG_AT", kills: false)].compactMap
            {
                $0
            }

            private static func read(_ name: String, kills: Bool) -> Plan? {
                getenv(name).flatMap { Plan(String(cString: $0), kills: kills) }
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
                // The signal may reach another thread first; this one must do nothing more.
                while true { pause() }
            }
        }
    }
#endif
