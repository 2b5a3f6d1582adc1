import CLibPQ

/// A NOTIFY that arrived.
public struct PostgresNotification: Sendable, Equatable {
    public var channel: String
    public var payload: String

    /// The server process of the session that notified.
    public var processID: Int32
}

/// What the server remarked on a statement. `message` is under the same rule as that of errors: empty where it may hold row data.
public struct PostgresNotice: Sendable, Equatable {
    public var severity: String
    public var sqlState: String
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
