import Dispatch
import Synchronization
import Threading

/// The ``DeliveryTracker`` that the threads of source, intake and sink share. The source's thread may block here for
/// some seconds during a rebalance.
final class DeliveryLedger: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var tracker = DeliveryTracker()
        var waiters: [Waiter] = []
        /// Opened once nothing is in flight.
        var idle: [Latch<Void>] = []

        /// After something left.
        mutating func resume() {
            waiters.removeAll { waiter in
                guard !tracker.canAdvance(in: waiter.partitions) else { return false }
                waiter.semaphore.signal()
                return true
            }
            guard tracker.inFlight == 0 else { return }
            for latch in idle { latch.open() }
            idle = []
        }
    }

    /// A thread that waits until no offset of some partitions can move any more.
    private final class Waiter: Sendable {
        let partitions: [SourcePartition]
        let semaphore = DispatchSemaphore(value: 0)

        init(partitions: [SourcePartition]) { self.partitions = partitions }
    }

    private let state = Mutex(State())
    /// Signalled whenever messages are settled.
    let settled = Wakeup()

    /// Messages and bytes in flight.
    var load: (messages: Int, bytes: Int) { state.withLock { ($0.tracker.inFlight, $0.tracker.inFlightBytes) } }
    /// ``DeliveryTracker/oldestProducedAt``.
    var oldestProducedAt: Int64? { state.withLock { $0.tracker.oldestProducedAt } }
    var partitions: [SourcePartition] { state.withLock { $0.tracker.partitions } }
    var committable: [SourcePartition: Int64] { state.withLock { $0.tracker.committable } }

    func assign(_ partitions: [SourcePartition]) { state.withLock { $0.tracker.assign(partitions) } }

    /// Tickets in the order of the messages; `nil` for one whose partition is not ours.
    func receive(_ messages: [SourceMessage]) -> [DeliveryTracker.Ticket?] {
        state.withLock { $0.tracker.receive(messages) }
    }

    func settle(_ tickets: [DeliveryTracker.Ticket]) {
        state.withLock { state in
            state.tracker.settle(tickets)
            state.resume()
        }
        settled.signal()
    }

    func abandon(_ tickets: [DeliveryTracker.Ticket]) {
        state.withLock { state in
            state.tracker.abandon(tickets)
            state.resume()
        }
    }

    func committed(_ offsets: [SourcePartition: Int64]) { state.withLock { $0.tracker.committed(offsets) } }

    /// The messages whose partition is still ours. Another member stores the rest.
    func current(of finished: [FinishedText]) -> [FinishedText] {
        state.withLock { state in finished.filter { state.tracker.isCurrent($0.ticket) } }
    }

    /// Blocks the calling thread until no offset of these partitions can move any more or patience ends, then gives
    /// them up. It does not wait for what is in flight behind an abandoned message: the next owner receives that again.
    ///
    /// - Returns: offsets that may still be committed.
    func revoke(_ partitions: [SourcePartition], patience: Duration) -> [SourcePartition: Int64] {
        let waiter = Waiter(partitions: partitions)
        let mustWait = state.withLock { state in
            guard patience > .zero, state.tracker.canAdvance(in: partitions) else { return false }
            state.waiters.append(waiter)
            return true
        }
        if mustWait { _ = waiter.semaphore.wait(timeout: .now() + patience.inSeconds) }
        return state.withLock { state in
            state.waiters.removeAll { $0 === waiter }
            defer { state.resume() }
            return state.tracker.revoke(partitions)
        }
    }

    /// Returns once nothing is in flight, or the task is cancelled. Any number of tasks may wait.
    func untilIdle() async {
        let latch = Latch<Void>()
        state.withLock { state in
            state.idle.append(latch)
            state.resume()
        }
        await withTaskCancellationHandler {
            await latch.value
        } onCancel: {
            latch.open()
        }
    }
}
