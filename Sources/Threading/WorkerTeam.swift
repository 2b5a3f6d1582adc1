/// A few threads that take up one piece of work each, together, again and again.
///
/// Blocking computation must not run on Swift's cooperative pool, and starting threads anew for each step would cost more
/// than waking them.
public final class WorkerTeam: Sendable {
    /// How many pieces a round of work has.
    public let count: Int

    private struct State {
        var work: (@Sendable (Int) -> Void)?
        var round = 0
        var busy = 0
        var living = 0
        var ends = false
    }

    private let state: Monitor<State>
    /// Pieces without a thread, because the system gave no more; the caller of ``run(_:)`` does them.
    private let orphans: [Int]

    /// Runs `body` with a team, whose threads have ended when this returns.
    ///
    /// - Parameters:
    ///   - name: of the threads, followed by their number.
    ///   - prepare: runs once on each thread before its first piece of work.
    public static func with<Result, Failure>(
        count: Int, name: String, prepare: @escaping @Sendable () -> Void = {},
        _ body: (WorkerTeam) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let team = WorkerTeam(count: count, name: name, prepare: prepare)
        defer { team.end() }
        return try body(team)
    }

    /// Runs `work(0)` … `work(count - 1)` once, each on a thread of its own, and returns when all are done.
    public static func run(count: Int, name: String, _ work: @Sendable (Int) -> Void) {
        withoutActuallyEscaping(work) { work in with(count: count, name: name) { $0.run(work) } }
    }

    private init(count: Int, name: String, prepare: @escaping @Sendable () -> Void) {
        self.count = count
        let state = Monitor(State())
        self.state = state
        orphans = (0..<count).filter { number in
            state.withLock { $0.living += 1 }
            let isRunning = SystemThread.start(name: "\(name) \(number)", stackSize: 8 << 20) {
                prepare()
                Self.serve(number, state)
            }
            if !isRunning { state.withLock { $0.living -= 1 } }
            return !isRunning
        }
    }

    /// Runs `work(0)` … `work(count - 1)`, each on the thread of that number, and returns when all are done.
    ///
    /// Escaping: a thread may still be about to let go of `work` when the last one has reported.
    public func run(_ work: @escaping @Sendable (Int) -> Void) {
        state.update { state in
            state.work = work
            state.busy = count - orphans.count
            state.round += 1
        }
        for number in orphans { work(number) }
        state.wait { state -> Void? in
            guard state.busy == 0 else { return nil }
            state.work = nil
            return ()
        }
    }

    private func end() {
        state.update { $0.ends = true }
        state.wait { $0.living == 0 ? () : nil }
    }

    private static func serve(_ number: Int, _ state: Monitor<State>) {
        var round = 0
        while let work = next(after: &round, state) {
            work(number)
            state.update { $0.busy -= 1 }
        }
        state.update { $0.living -= 1 }
    }

    /// The work of the next round; nil when the team ends.
    private static func next(after done: inout Int, _ state: Monitor<State>) -> (@Sendable (Int) -> Void)? {
        let (work, round) = state.wait { state -> ((@Sendable (Int) -> Void)?, Int)? in
            if state.ends { return (nil, state.round) }
            return state.round == done ? nil : (state.work, state.round)
        }
        done = round
        return work
    }
}
