import BERT
import Synchronization

/// The live adapters at one moment, all over one base. A snapshot never changes.
public struct LiveSnapshot: Sendable {
    /// The live adapter of each task.
    public let adapters: [String: LiveAdapter]
    /// Grows by one with each change of the live set.
    public let generation: UInt64
}

/// The live set of a daemon: the adapters with which the serving path classifies.
///
/// A reader takes a ``snapshot`` and keeps it for as long as it needs. A swap replaces the whole set at once. Neither
/// waits for the other: the lock is held while one reference is copied.
public final class LiveAdapters: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var snapshot = LiveSnapshot(adapters: [:], generation: 0)
        /// The base that all adapters were put over last; nil: that with which the first one came.
        var base: BERTBase?
        /// The ticket of the refresh that set a task last, so that a slow refresh never undoes a later one.
        var settledBy: [String: UInt64] = [:]
        /// The same for the challenger beside a task's live adapter.
        var shadowSettledBy: [String: UInt64] = [:]
        var lastTicket: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        /// What the last complete refresh found.
        var lastRefresh: CompleteRefresh?
        /// Versions that were refused, by task, the newest last.
        var refusals: [String: [(attempt: LoadAttempt, refusal: AdapterRefusal)]] = [:]

        /// Whether the adapters have left this base for a finer one.
        func isLeft(_ base: BERTBase) -> Bool { self.base.map { $0 !== base } ?? false }
    }

    private struct CompleteRefresh {
        let ticket: UInt64
        let revision: Int64
        let tasks: [String: AdapterRequirements]
        /// Of the live set afterwards.
        let generation: UInt64
        let result: AdapterRefresh
    }

    private struct Waiter {
        let tasks: [String]
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let state = Mutex(State())

    /// The most refusals of a task to remember: that of its live version and that of a challenger.
    private static let mostRefusals = 2

    /// An empty set.
    public init() {}

    /// The live adapters now.
    public var snapshot: LiveSnapshot { state.withLock { $0.snapshot } }

    /// Replaces the live adapter of a task; `nil` leaves the task without one.
    public func swap(task: String, to adapter: LiveAdapter?) {
        install([(task, adapter)], ticket: takeTicket())
    }

    /// Waits until each of these tasks has a live adapter.
    ///
    /// - Returns: `false` if the waiting task was cancelled first.
    public func waitUntilLive(tasks: [String]) async -> Bool {
        let ticket = takeTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if tasks.allSatisfy({ state.snapshot.adapters[$0] != nil }) { return true }
                    state.waiters[ticket] = Waiter(tasks: tasks, continuation: continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation.resume(returning: false)
        }
    }

    /// Numbers the refreshes in the order in which they begin to read.
    func takeTicket() -> UInt64 {
        state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
    }

    /// Installs what the refresh with this ticket found, except for tasks that a later refresh has set.
    ///
    /// - Returns: the tasks that changed.
    @discardableResult
    func install(_ changes: [(task: String, adapter: LiveAdapter?)], ticket: UInt64) -> [String] {
        let (changed, ready) = state.withLock { state -> ([String], [Waiter]) in
            var adapters = state.snapshot.adapters
            var changed: [String] = []
            for (task, adapter) in changes where state.settledBy[task, default: 0] < ticket {
                // The next refresh loads it over the base that the others have by now.
                if let adapter, state.isLeft(adapter.adapter.base) { continue }
                state.settledBy[task] = ticket
                adapters[task] = adapter
                changed.append(task)
            }
            guard !changed.isEmpty else { return ([], []) }
            state.snapshot = LiveSnapshot(adapters: adapters, generation: state.snapshot.generation + 1)
            let ready = state.waiters.filter { $0.value.tasks.allSatisfy { adapters[$0] != nil } }
            for key in ready.keys { state.waiters.removeValue(forKey: key) }
            return (changed, Array(ready.values))
        }
        for waiter in ready { waiter.continuation.resume(returning: true) }
        return changed
    }

    /// Puts challengers beside the live adapters that they are compared with, as the refresh with this ticket found
    /// them. Where another adapter is live by now, nothing changes.
    func install(_ shadows: [FoundShadow], ticket: UInt64) {
        state.withLock { state in
            var adapters = state.snapshot.adapters
            var hasChanged = false
            for found in shadows where state.shadowSettledBy[found.task, default: 0] < ticket {
                guard let live = adapters[found.task], live.adapter.digest == found.champion,
                    found.shadow.map({ !state.isLeft($0.adapter.base) }) ?? true
                else { continue }
                state.shadowSettledBy[found.task] = ticket
                adapters[found.task] = live.with(shadow: found.shadow)
                hasChanged = true
            }
            guard hasChanged else { return }
            state.snapshot = LiveSnapshot(adapters: adapters, generation: state.snapshot.generation + 1)
        }
    }

    // MARK: - The base

    /// Whether all adapters are over this base, also those that come.
    public func isOver(_ base: BERTBase) -> Bool { state.withLock { $0.base === base } }

    /// Puts all adapters over the same base in a finer precision, at once. A batch that has begun keeps the adapters
    /// that it has, with their base. It blocks the calling thread: every adapter is laid out anew.
    ///
    /// Nothing changes if the adapters are over a finer one by now.
    public func rebase(onto base: BERTBase) throws(AdapterError) {
        while true {
            let before = snapshot
            var adapters: [String: LiveAdapter] = [:]
            for (task, live) in before.adapters { adapters[task] = try live.over(base) }
            let hasChanged = before.adapters.values.contains { $0.adapter.base !== base }
            let isDone = state.withLock { state in
                if let current = state.base, base.precision.isCoarser(than: current.precision) { return true }
                guard state.snapshot.generation == before.generation else { return false }
                state.base = base
                guard hasChanged else { return true }
                state.snapshot = LiveSnapshot(adapters: adapters, generation: before.generation + 1)
                return true
            }
            if isDone { return }
        }
    }

    // MARK: - The last refresh

    /// What a refresh would find, where neither the registry at this revision, nor the requirements, nor the live set
    /// have changed since the last one; nil if something has, or may have.
    func knownRefresh(at revision: Int64?, tasks: [String: AdapterRequirements]) -> AdapterRefresh? {
        state.withLock { state in
            guard let last = state.lastRefresh, last.revision == revision, last.tasks == tasks,
                last.generation == state.snapshot.generation
            else { return nil }
            return last.result
        }
    }

    /// Keeps what the refresh with this ticket found over this base, unless a later one has ended.
    func remember(
        _ refresh: AdapterRefresh, at revision: Int64?, tasks: [String: AdapterRequirements], base: BERTBase,
        ticket: UInt64
    ) {
        guard let revision else { return }
        var result = refresh
        (result.changed, result.unusableReferences) = ([], [:])
        state.withLock { state in
            if let last = state.lastRefresh, last.ticket > ticket { return }
            // Some of what it found was not installed.
            if state.isLeft(base) { return }
            state.lastRefresh = CompleteRefresh(
                ticket: ticket, revision: revision, tasks: tasks, generation: state.snapshot.generation, result: result)
        }
    }

    // MARK: - Refusals

    /// What decides whether a version can be loaded. It ends the same way until something of it changes.
    struct LoadAttempt: Equatable {
        let digest: String
        /// Digest of the base that the registry names for the version.
        let versionBase: String
        let requirements: AdapterRequirements
        /// Digest of the base to run over.
        let base: String
    }

    /// Why this attempt was refused before; nil if it was not.
    func refusal(of attempt: LoadAttempt, task: String) -> AdapterRefusal? {
        state.withLock { $0.refusals[task]?.last { $0.attempt == attempt }?.refusal }
    }

    func remember(_ refusal: AdapterRefusal, of attempt: LoadAttempt, task: String) {
        state.withLock { state in
            let known = (state.refusals[task] ?? []).filter { $0.attempt != attempt } + [(attempt, refusal)]
            state.refusals[task] = known.suffix(Self.mostRefusals)
        }
    }

    /// Lets the next refresh load again what was refused: after a reload, because the registry may have been repaired.
    public func forgetRefusals() {
        state.withLock { state in
            state.refusals = [:]
            state.lastRefresh = nil
        }
    }
}
