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
    private let wakeup = Wakeup()

    /// - Parameter isOrdered: whether messages leave in the order of their partition, not as they finish.
    init(isOrdered: Bool = false) { state = Mutex(State(order: isOrdered ? OutcomeOrder() : nil)) }

    func append(_ finished: [FinishedText]) {
        guard !finished.isEmpty else { return }
        state.withLock { $0.items.append(contentsOf: $0.order?.add(finished) ?? finished) }
        wakeup.signal()
    }

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
