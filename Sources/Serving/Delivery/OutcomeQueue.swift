import DequeModule
import Synchronization
import Threading

/// Finished messages that wait for the sink. The limits on messages in flight bound it.
final class OutcomeQueue: Sendable {
    // MARK: - Mutable State (guarded by `items`)

    private let items = Mutex<Deque<FinishedText>>([])
    private let wakeup = Wakeup()

    func append(_ finished: [FinishedText]) {
        guard !finished.isEmpty else { return }
        items.withLock { $0.append(contentsOf: finished) }
        wakeup.signal()
    }

    /// Everything that has finished since the last call, at most `limit`: several batches if the sink is slower than
    /// the workers. Empty only if the task was cancelled.
    func next(limit: Int) async -> [FinishedText] {
        while !Task.isCancelled {
            let taken = items.withLock { items in
                let taken = Array(items.prefix(limit))
                items.removeFirst(taken.count)
                return taken
            }
            if !taken.isEmpty { return taken }
            await wakeup.wait()
        }
        return []
    }
}
