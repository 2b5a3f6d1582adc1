import Synchronization

/// Wakes the one task that waits for it. A signal that arrives while no task waits is kept for the next wait.
///
/// A wait may also end without a new signal; the waiting task checks what it waits for.
public final class Wakeup: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var isSignalled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// A wakeup without a signal.
    public init() {}

    /// Ends the current wait, or the next one if no task waits.
    public func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isSignalled = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Waits for a signal or until the task is cancelled. Only one task may wait at a time.
    public func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }

    /// Waits for a signal, but no longer than `duration`, or until the task is cancelled.
    public func wait(atMost duration: Duration, clock: Clock) async {
        guard duration > .zero else { return }
        let timer = Task {
            try await clock.sleep(duration)
            signal()
        }
        await wait()
        timer.cancel()
    }
}
