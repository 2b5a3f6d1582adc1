import Glibc

/// Speaks systemd's notification protocol (sd_notify(3)) without its library: one datagram per message.
public struct SystemdNotifier: Sendable {
    private let socket: UnixDatagram
    /// How often systemd expects `WATCHDOG=1`; nil: no watchdog for this process.
    public let watchdogInterval: Duration?

    /// Reads `NOTIFY_SOCKET` and the watchdog's variables; nil where no service manager listens.
    public init?(environment: [String: String], processID: Int32 = getpid()) {
        guard let socket = environment["NOTIFY_SOCKET"].flatMap({ UnixDatagram(address: $0) }) else { return nil }
        self.socket = socket
        let isMine = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) }
        watchdogInterval = isMine ? microseconds.flatMap { $0 > 0 ? .microseconds($0) : nil } : nil
    }

    /// The daemon has started, or a reload is over.
    public func ready(status: String) { send(["READY=1", "STATUS=\(Self.line(status))"]) }
    /// The line that `systemctl status` shows.
    public func status(_ text: String) { send(["STATUS=\(Self.line(text))"]) }
    /// The daemon drains.
    public func stopping(status: String) { send(["STOPPING=1", "STATUS=\(Self.line(status))"]) }
    /// The start goes on: systemd waits for `ready` that long from now, also beyond `TimeoutStartSec`.
    public func extendStart(by duration: Duration, status: String) {
        send(["EXTEND_TIMEOUT_USEC=\(Int64(duration / .microseconds(1)))", "STATUS=\(Self.line(status))"])
    }
    /// The daemon is alive.
    public func watchdog() { send(["WATCHDOG=1"]) }

    /// A reload begins; `ready` ends it. systemd compares the time with that of its own request.
    public func reloading() {
        send(["RELOADING=1", "MONOTONIC_USEC=\(MonotonicTime.now.microseconds)"])
    }

    /// One line each; the protocol has no escapes.
    private static func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    /// Sends assignments as one datagram. A manager that does not listen is no reason to fail.
    ///
    /// - Returns: whether it was sent.
    @discardableResult
    func send(_ assignments: [String]) -> Bool { socket.send(Array(assignments.joined(separator: "\n").utf8)) }
}
