import CLibPQ

/// A notification that arrived.
public struct PostgresNotification: Sendable, Equatable {
    /// The channel's name.
    public var channel: String
    /// Empty if the sender gave none.
    public var payload: String

    /// The server process of the session that sent it.
    public var processID: Int32
}

/// A notice of the server.
public struct PostgresNotice: Sendable, Equatable {
    /// `WARNING`, `NOTICE`, `DEBUG`, `INFO` or `LOG`.
    public var severity: String
    /// Five characters.
    public var sqlState: String
    /// Empty if it may hold row data, as for ``PostgresError/message``.
    public var message: String
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
