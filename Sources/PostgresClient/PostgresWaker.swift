import CLibPQ
import Glibc
import Synchronization

/// Ends what a connection waits for, from any thread.
public final class PostgresWaker: Sendable {
    /// An `eventfd` that the connection polls beside its socket.
    let descriptor: Int32

    // MARK: - Mutable State

    /// What was asked for and not yet heeded; the descriptor only says "look here".
    private let requests = Mutex(Requests())

    private struct Requests {
        var wake = false
        var cancel = false
    }

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        if descriptor < 0 {
            throw PostgresError(kind: .connectionFailed, sqlState: "53000", message: "no event descriptor: \(SystemError.text(errno))")
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Makes the current or the next `waitForNotifications` return.
    public func wake() {
        requests.withLock { $0.wake = true }
        signal()
    }

    /// Cancels the statement that runs now, which then throws `cancelled`. Does nothing while none runs.
    public func cancelStatement() {
        requests.withLock { $0.cancel = true }
        signal()
    }

    func takeWake() -> Bool { requests.withLock { take(&$0.wake) } }

    func takeCancel() -> Bool { requests.withLock { take(&$0.cancel) } }

    /// Takes the "look here" back, to be called before looking.
    func clearSignal() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    private func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    private func take(_ flag: inout Bool) -> Bool {
        defer { flag = false }
        return flag
    }
}

enum SystemError {
    /// The C library's words for an `errno`.
    static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // The XSI form, which fills the buffer.
        return strerror_r(code, &buffer, buffer.count) == 0
            ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "error \(code)"
    }
}
