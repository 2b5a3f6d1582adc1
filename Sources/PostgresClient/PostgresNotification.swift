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
