import Foundation
import Kernels

/// A few threads of their own that take up one piece of work each, together, again and again.
///
/// Blocking computation must not run on Swift's cooperative pool, and starting threads anew for each step would cost more
/// than waking them. `@unchecked Sendable`: the mutable state is guarded by `condition`.
final class WorkerTeam: @unchecked Sendable {
    let count: Int
    private let condition = NSCondition()

    // MARK: - Mutable State, guarded by `condition`

    private var work: (@Sendable (Int) -> Void)?
    private var round = 0
    private var busy = 0
    private var living = 0
    private var ends = false

    /// Runs `body` with a team, whose threads have ended when this returns.
    static func with<Result, Failure>(count: Int, _ body: (WorkerTeam) throws(Failure) -> Result) throws(Failure) -> Result {
        let team = WorkerTeam(count: count)
        defer { team.end() }
        return try body(team)
    }

    private init(count: Int) {
        self.count = count
        living = count
        for number in 0..<count {
            let thread = Thread { self.serve(number) }
            thread.name = "training \(number)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Runs `work(0)` … `work(count - 1)`, each on the thread of that number, and returns when all are done.
    ///
    /// Escaping: a thread may still be about to let go of `work` when the last one has reported.
    func run(_ work: @escaping @Sendable (Int) -> Void) {
        condition.withLock {
            self.work = work
            busy = count
            round += 1
            condition.broadcast()
            while busy > 0 { condition.wait() }
            self.work = nil
        }
    }

    private func end() {
        condition.withLock {
            ends = true
            condition.broadcast()
            while living > 0 { condition.wait() }
        }
    }

    private func serve(_ number: Int) {
        // Gradients shrink into numbers that a CPU handles many times slower.
        enableFlushToZero()
        var done = 0
        while let work = next(after: &done) {
            work(number)
            condition.withLock {
                busy -= 1
                if busy == 0 { condition.broadcast() }
            }
        }
    }

    /// The work of the next round; nil when the team ends.
    private func next(after done: inout Int) -> (@Sendable (Int) -> Void)? {
        condition.withLock {
            while round == done, !ends { condition.wait() }
            done = round
            if !ends, let work { return work }
            living -= 1
            condition.broadcast()
            return nil
        }
    }
}
