import CLibPQ
import Threading

/// Owns one `PGconn`.
final class ConnectionHandle {
    let connection: OpaquePointer
    private let notices: Unmanaged<NoticeReceiver>

    /// Starts to connect. Nothing is sent before the first `PQconnectPoll`.
    init(dsn: String, applicationName: String, onNotice: @escaping (PostgresNotice) -> Void) throws(PostgresError) {
        // Later entries win: our defaults come before the connection string, what it must not change after it.
        let parameters = [
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"), ("fallback_application_name", applicationName), ("dbname", dsn),
            ("client_encoding", "UTF8"),
        ]
        let started = Self.withCStrings(parameters.map(\.0)) { names in
            Self.withCStrings(parameters.map(\.1)) { values in PQconnectStartParams(names, values, 1) }
        }
        guard let started else {
            throw PostgresError(
                kind: .connectionFailed, sqlState: "53200", message: "out of memory for a connection",
                isConnectionLoss: true)
        }
        connection = started
        // Retained until `deinit` has closed the connection: any libpq call on it may call the receiver.
        notices = Unmanaged.passRetained(NoticeReceiver(onNotice))
        // Verbose until connected: libpq reports the SQLSTATE of a refusal only in this text.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        PQsetNoticeReceiver(
            connection,
            { receiver, result in
                guard let receiver, let result else { return }
                Unmanaged<NoticeReceiver>.fromOpaque(receiver).takeUnretainedValue().receive(
                    PostgresNotice(result: result))
            }, notices.toOpaque())
    }

    deinit {
        PQfinish(connection)
        notices.release()
    }

    var socket: Int32 { PQsocket(connection) }

    var errorText: String { PQerrorMessage(connection).map { String(cString: $0) } ?? "" }

    var isBroken: Bool { PQstatus(connection) != CONNECTION_OK }
}

extension ConnectionHandle {
    /// Connects by the deadline. (Only the resolver of host names, which libpq calls, has none.)
    func open(deadline: ContinuousClock.Instant, password: String?) throws(PostgresError) {
        if PQstatus(connection) == CONNECTION_BAD { throw .connectionFailed(errorText, password: password) }
        // libpq requires the first wait to be for writing.
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            if state == PGRES_POLLING_FAILED { throw .connectionFailed(errorText, password: password) }
            let isReading = state == PGRES_POLLING_READING
            guard Poll.wait(for: socket, reading: isReading, writing: !isReading, deadline: deadline) == .ready else {
                throw PostgresError(
                    kind: .deadlineExceeded, sqlState: "08001",
                    message: "the server did not accept the connection in time", isConnectionLoss: true)
            }
            state = PQconnectPoll(connection)
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        PQsetnonblocking(connection, 1)
    }
}

private final class NoticeReceiver {
    let receive: (PostgresNotice) -> Void

    init(_ receive: @escaping (PostgresNotice) -> Void) { self.receive = receive }
}

/// The parts of a connection string that we need.
struct ConnectionString {
    /// For redacting messages.
    var password: String?

    /// - Throws: `invalidConnectionString`, without libpq's text, which quotes the string and its password.
    init(_ dsn: String) throws(PostgresError) {
        var reason: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(dsn, &reason) else {
            PQfreemem(reason)
            throw PostgresError(
                kind: .invalidConnectionString,
                message: "the connection string is neither a postgresql:// URI nor a list of known key=value pairs")
        }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if String(cString: keyword) == "password" { password = option.pointee.val.map { String(cString: $0) } }
            option += 1
        }
    }
}

extension ConnectionHandle {
    /// Calls `body` with a NULL-terminated array of C strings.
    static func withCStrings<Result>(_ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
        func descend(_ index: Int, _ pointers: inout [UnsafePointer<CChar>?]) -> Result {
            if index == strings.count { return body(pointers + [nil]) }
            return strings[index].withCString { pointer in
                pointers.append(pointer)
                return descend(index + 1, &pointers)
            }
        }
        var pointers: [UnsafePointer<CChar>?] = []
        return descend(0, &pointers)
    }
}

extension ConnectionHandle {
    /// Notifications that libpq has read from the socket.
    func takeNotifications() -> [PostgresNotification] {
        var notifications: [PostgresNotification] = []
        while let notification = PQnotifies(connection) {
            notifications.append(
                PostgresNotification(
                    channel: String(cString: notification.pointee.relname),
                    payload: String(cString: notification.pointee.extra),
                    processID: notification.pointee.be_pid))
            PQfreemem(notification)
        }
        return notifications
    }
}
