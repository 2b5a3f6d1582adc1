import Synchronization

/// Wakes the one task that waits for it. A signal that comes while nobody waits is kept for the next wait.
public final class Wakeup: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var isSignaled = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    public init() {}

    public func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isSignaled = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Comes back at the next signal, or when the task is cancelled.
    public func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSignaled || Task.isCancelled {
                        state.isSignaled = false
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

    /// Comes back at the next signal, when so long has passed, or when the task is cancelled.
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
