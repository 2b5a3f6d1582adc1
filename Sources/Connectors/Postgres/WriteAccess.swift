import Serving

/// Whether a server takes writes at all, whatever privileges the role has.
public enum WriteAccess: Sendable, Equatable {
    /// Transactions may write.
    case granted
    /// The server is in recovery: read-only until it is promoted.
    case standby
    /// Transactions are read-only unless they say otherwise (`default_transaction_read_only`).
    case readOnly

    /// Asks the server.
    public static func read(_ settings: PostgresSettings) async throws(ConnectorError) -> WriteAccess {
        let question = """
            SELECT pg_is_in_recovery()::int AS standby,
                (current_setting('transaction_read_only') = 'on')::int AS read_only
            """
        return try await PostgresSession.once(settings, "reading whether the server takes writes") { connection in
            guard let row = try connection.execute(question).first else { return .granted }
            if try row.integer("standby") == 1 { return .standby }
            return try row.integer("read_only") == 1 ? .readOnly : .granted
        }
    }
}
