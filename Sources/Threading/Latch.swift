import Synchronization

/// A value that is set once and awaited by any number of tasks.
public final class Latch<Value: Sendable>: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private enum State {
        case closed(waiters: [CheckedContinuation<Value, Never>])
        case open(Value)
    }

    private let state = Mutex(State.closed(waiters: []))

    public init() {}

    /// Lets everybody through from now on. Only the first call counts.
    public func open(_ value: Value) {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, Never>] in
            guard case .closed(let waiters) = state else { return [] }
            state = .open(value)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    /// The value, as soon as there is one.
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
    /// Lets everybody through from now on.
    public func open() { open(()) }
}
