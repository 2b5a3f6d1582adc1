import DequeModule
import Synchronization
import Threading

/// Finished messages that wait for the sink. The limits on messages in flight bound it.
final class OutcomeQueue: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var items: Deque<FinishedText> = []
        /// nil: messages are stored as they finish.
        var order: OutcomeOrder?
    }

    private let state: Mutex<State>
    private let ledger: DeliveryLedger
    private let wakeup = Wakeup()

    /// - Parameter isOrdered: whether messages leave in the order of their partition, not as they finish.
    init(ledger: DeliveryLedger, isOrdered: Bool = false) {
        self.ledger = ledger
        state = Mutex(State(order: isOrdered ? OutcomeOrder() : nil))
    }

    /// Finished messages that wait for others before them.
    var waitingCount: Int { state.withLock { $0.order?.waitingCount ?? 0 } }

    func append(_ finished: [FinishedText]) {
        guard !finished.isEmpty else { return }
        state.withLock { state in
            // Asked under the lock: what a worker finishes after `forget` must not begin to wait.
            state.items.append(contentsOf: state.order?.add(ledger.current(of: finished)) ?? finished)
        }
        wakeup.signal()
    }

    /// These partitions were revoked, in the ledger before.
    func forget(_ partitions: [SourcePartition]) { state.withLock { $0.order?.forget(partitions) } }

    /// Messages were dropped and will not be appended.
    func skip(_ tickets: [DeliveryTracker.Ticket]) {
        let passed = state.withLock { state in
            let passed = state.order?.skip(tickets) ?? []
            state.items.append(contentsOf: passed)
            return passed.count
        }
        if passed > 0 { wakeup.signal() }
    }

    /// Everything that has finished since the last call, at most `limit`: several batches if the sink is slower than
    /// the workers. Empty only if the task was cancelled.
    func next(limit: Int) async -> [FinishedText] {
        while !Task.isCancelled {
            let taken = state.withLock { state in
                let taken = Array(state.items.prefix(limit))
                state.items.removeFirst(taken.count)
                return taken
            }
            if !taken.isEmpty { return taken }
            await wakeup.wait()
        }
        return []
    }
}
