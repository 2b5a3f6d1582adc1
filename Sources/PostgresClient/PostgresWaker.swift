import CLibPQ
import Glibc
import Synchronization
import Threading

/// Ends a connection's wait, from any thread.
public final class PostgresWaker: Sendable {
    /// An `eventfd` that the connection polls beside its socket.
    let descriptor: Int32

    // MARK: - Mutable State

    /// Requests not served yet. The descriptor only says that there may be some.
    private let requests = Mutex(Requests())

    private struct Requests {
        var wake = false
        var cancel = false
    }

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        if descriptor < 0 {
            throw PostgresError(
                kind: .connectionFailed, sqlState: "53000", message: "no event descriptor: \(SystemError.text(errno))")
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Ends the current or the next `waitForNotifications`.
    public func wake() {
        requests.withLock { $0.wake = true }
        wakePoll()
    }

    /// Cancels the running statement, which then throws `cancelled`. Does nothing if none is running.
    public func cancelStatement() {
        requests.withLock { $0.cancel = true }
        wakePoll()
    }

    func takeWake() -> Bool { requests.withLock { take(&$0.wake) } }

    func takeCancel() -> Bool { requests.withLock { take(&$0.cancel) } }

    /// Waits for a socket or for a use of this waker, and resets the descriptor.
    func wait(for socket: Int32, writing: Bool = false, deadline: ContinuousClock.Instant?) -> Poll.Event {
        let event = Poll.wait(for: socket, writing: writing, signal: descriptor, deadline: deadline)
        if event == .signalled {
            var count: UInt64 = 0
            _ = read(descriptor, &count, 8)
        }
        return event
    }

    /// Makes the descriptor readable.
    private func wakePoll() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    private func take(_ flag: inout Bool) -> Bool {
        defer { flag = false }
        return flag
    }
}
