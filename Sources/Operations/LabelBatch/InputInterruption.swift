import PostgresClient
import Synchronization

/// Ends a wait for rows, from any thread: the source's own thread is the one that waits.
final class InputInterruption: Sendable {
    // MARK: - Mutable State

    private struct State {
        var isAsked = false
        var waker: PostgresWaker?
    }

    private let state = Mutex(State())

    /// Whether the rows are to end.
    var isAsked: Bool { state.withLock { $0.isAsked } }

    /// From now on, ``ask()`` cancels the statements of a connection.
    func watch(_ waker: PostgresWaker) { state.withLock { $0.waker = waker } }

    /// Ends the running statement. A caller asks ``isAsked`` before the next one.
    func ask() {
        let waker = state.withLock { state in
            state.isAsked = true
            return state.waker
        }
        waker?.cancelStatement()
    }
}
