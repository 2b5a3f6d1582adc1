import Synchronization

/// A value that is set once and that any number of tasks await.
public final class Latch<Value: Sendable>: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private enum State {
        case closed(waiters: [CheckedContinuation<Value, Never>])
        case open(Value)
    }

    private let state = Mutex(State.closed(waiters: []))

    /// A closed latch.
    public init() {}

    /// Sets the value and resumes all waiting tasks. Only the first call counts.
    public func open(_ value: Value) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, Never>] in
            guard case .closed(let waiters) = state else { return [] }
            state = .open(value)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value, once it is set. Cancellation does not end the wait.
    public var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value = state.withLock { state -> Value? in
                    switch state {
                    case .open(let value): return value
                    case .closed(let waiters):
                        state = .closed(waiters: waiters + [continuation])
                        return nil
                    }
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }
}

extension Latch where Value == Void {
    /// Resumes all waiting tasks.
    public func open() { open(()) }
}
