import Synchronization

/// A fixed number of threads that run one function together, round after round.
///
/// Long computations must not run on Swift's cooperative thread pool, and starting threads for each step would cost
/// more than waking them.
public final class WorkerTeam: Sendable {
    /// The number of calls per round.
    public let count: Int

    private struct State {
        var work: (@Sendable (Int) -> Void)?
        var round = 0
        /// Threads that have not finished the current round.
        var busy = 0
        /// Threads that have not ended.
        var living = 0
        var isEnding = false
    }

    private let state: Monitor<State>
    /// The numbers for which the system gave no thread. The caller of ``run(_:)`` does their work.
    private let orphans: [Int]

    /// Runs `body` with a team. Its threads have ended when this returns.
    ///
    /// - Parameters:
    ///   - count: the number of threads.
    ///   - name: the threads' name; their number is appended.
    ///   - prepare: runs once on each thread, before its first round.
    public static func with<Result, Failure>(
        count: Int, name: String, prepare: @escaping @Sendable () -> Void = {},
        _ body: (WorkerTeam) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let team = WorkerTeam(count: count, name: name, prepare: prepare)
        defer { team.end() }
        return try body(team)
    }

    /// Calls `work` with 0 … `count - 1`, each on a thread of its own. Returns when all calls have returned.
    public static func run(count: Int, name: String, _ work: @Sendable (Int) -> Void) {
        withoutActuallyEscaping(work) { work in with(count: count, name: name) { $0.run(work) } }
    }

    /// What `transform` makes of each item, in their order. A thread takes the next item as soon as it is free.
    ///
    /// - Throws: the error of the first item that has one.
    public static func map<Item: Sendable, Mapped: Sendable, Failure>(
        _ items: [Item], count: Int, name: String, _ transform: @Sendable (Item) throws(Failure) -> Mapped
    ) throws(Failure) -> [Mapped] {
        try map(items, count: count, name: name, keeping: {}) { (_, item) throws(Failure) in try transform(item) }
    }

    /// Like ``map(_:count:name:_:)``, but `transform` also gets what its thread keeps from item to item: its memory.
    ///
    /// - Parameter make: called once on each thread.
    public static func map<Item: Sendable, Kept, Mapped: Sendable, Failure>(
        _ items: [Item], count: Int, name: String, keeping make: @Sendable () -> Kept,
        _ transform: @Sendable (Kept, Item) throws(Failure) -> Mapped
    ) throws(Failure) -> [Mapped] {
        let results = Mutex((next: 0, mapped: [Int: Result<Mapped, Failure>]()))
        run(count: min(max(count, 1), items.count), name: name) { _ in
            let kept = make()
            while true {
                let index = results.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard index < items.count else { return }
                let result = Result { () throws(Failure) in try transform(kept, items[index]) }
                results.withLock { $0.mapped[index] = result }
            }
        }
        var mapped: [Mapped] = []
        for (_, result) in results.withLock({ $0.mapped }).sorted(by: { $0.key < $1.key }) {
            mapped.append(try result.get())
        }
        return mapped
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

    /// Calls `work` with 0 … `count - 1`, each on the thread with that number. Returns when all calls have returned.
    /// Rounds must not overlap.
    ///
    /// `work` escapes: a thread may still hold it when the last one has reported.
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
        state.update { $0.isEnding = true }
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

    /// Waits for the next round and returns its work; nil when the team ends.
    private static func next(after done: inout Int, _ state: Monitor<State>) -> (@Sendable (Int) -> Void)? {
        let (work, round) = state.wait { state -> ((@Sendable (Int) -> Void)?, Int)? in
            if state.isEnding { return (nil, state.round) }
            return state.round == done ? nil : (state.work, state.round)
        }
        done = round
        return work
    }
}
