import Synchronization

/// A value that tests can wait on: changed from anywhere, watched until it is as expected. No sleeping, no polling.
public final class Watched<Value: Sendable>: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var value: Value
        var waiters: [(isExpected: @Sendable (Value) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// Starts with this value.
    public init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    /// The present value.
    public var value: Value { state.withLock { $0.value } }

    /// Changes the value and wakes those who waited for what it has become.
    @discardableResult
    public func update<Result: Sendable>(_ change: @Sendable (inout Value) -> Result) -> Result {
        let (result, satisfied) = state.withLock { state in
            let result = change(&state.value)
            var satisfied: [CheckedContinuation<Void, Never>] = []
            state.waiters.removeAll { waiter in
                guard waiter.isExpected(state.value) else { return false }
                satisfied.append(waiter.continuation)
                return true
            }
            return (result, satisfied)
        }
        for continuation in satisfied { continuation.resume() }
        return result
    }

    /// Waits until the value is as expected; put a time limit on the test.
    public func wait(until isExpected: @escaping @Sendable (Value) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isAlready = state.withLock { state in
                if isExpected(state.value) { return true }
                state.waiters.append((isExpected, continuation))
                return false
            }
            if isAlready { continuation.resume() }
        }
    }
}
