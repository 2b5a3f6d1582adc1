import Serving

/// Creates and upgrades the PostgreSQL schema `lorikeet`, in numbered steps.
public enum Schema {
    /// The version that this program requires.
    public static var expectedVersion: Int { Migration.all.last?.version ?? 0 }

    /// Upgrades the schema to ``expectedVersion``. Does nothing if it has that version; safe if several processes do it
    /// at once.
    ///
    /// - Parameters:
    ///   - settings: a role that may create a schema in the database, or that owns the existing one.
    ///   - role: a role that is granted what a daemon requires, and no more.
    ///   - createsRole: whether a role that does not exist is created, with LOGIN and without a password.
    ///   - isPartitioned: whether `labels` and `messages` of a new schema get a partition per month.
    /// - Throws: `.stop` if the schema is newer than this program, a privilege is missing or the role is unknown, or if
    ///   an existing schema that is not partitioned ought to be.
    @discardableResult
    public static func migrate(
        _ settings: PostgresSettings, grantingTo role: String? = nil, createsRole: Bool = false,
        isPartitioned: Bool = false
    ) async throws(ConnectorError) -> SchemaChange {
        try await migrate(
            settings, grantingTo: role, createsRole: createsRole, isPartitioned: isPartitioned,
            migrations: Migration.all)
    }

    static func migrate(
        _ settings: PostgresSettings, grantingTo role: String?, createsRole: Bool = false,
        isPartitioned: Bool = false, migrations: [Migration]
    ) async throws(ConnectorError) -> SchemaChange {
        try await PostgresSession.once(settings, "migrating") { connection in
            try connection.transaction {
                let change = try Migrator(
                    connection: connection, migrations: migrations, isPartitioned: isPartitioned
                ).migrate()
                if let role {
                    let daemon = DaemonRole(name: role)
                    if createsRole { try daemon.createIfMissing(on: connection) }
                    try daemon.grant(on: connection)
                }
                return change
            }
        }
    }

    /// Moves texts that an older version stored in `labels` to `messages`, in small transactions, while daemons run.
    ///
    /// Safe to cancel and to run again: it goes on with what is left. Does nothing for a role that does not own the
    /// schema.
    public static func moveTexts(
        _ settings: PostgresSettings, progress: @escaping @Sendable (TextMoveProgress) -> Void = { _ in }
    ) async throws(ConnectorError) -> TextMoveReport {
        try await moveTexts(settings, batchRows: 500, progress: progress)
    }

    static func moveTexts(
        _ settings: PostgresSettings, batchRows: Int, progress: @escaping @Sendable (TextMoveProgress) -> Void
    ) async throws(ConnectorError) -> TextMoveReport {
        try await PostgresSession.once(settings, "moving texts") { connection in
            var move = TextMove(connection: connection, batchRows: batchRows, progress: progress)
            return try move.run()
        }
    }

    /// The schema's version; 0 if there is none.
    public static func version(_ settings: PostgresSettings) async throws(ConnectorError) -> Int {
        try await PostgresSession.once(settings, "reading the schema's version") {
            try SchemaVersion.read($0, mayBeMissing: true)
        }
    }

    /// The statements that ``migrate(_:grantingTo:)`` runs for a role, for those who prefer to run them themselves.
    public static func grants(to role: String) -> [String] { DaemonRole(name: role).statements }
}

/// Versions of the schema before and after a migration.
public struct SchemaChange: Sendable, Equatable {
    /// 0 if there was no schema.
    public let before: Int
    /// The version now.
    public let after: Int
}
