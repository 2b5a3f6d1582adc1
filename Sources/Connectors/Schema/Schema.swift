import Serving

/// The tables in the PostgreSQL schema `lorikeet`, made and changed in numbered steps.
public enum Schema {
    /// The version that this program works with.
    public static var expectedVersion: Int { Migration.all.last?.version ?? 0 }

    /// Brings the schema to ``expectedVersion``: nothing to do if it is there already, and safe if several do it at
    /// once.
    ///
    /// - Parameters:
    ///   - settings: a role that may create a schema in the database, or that owns the one there is.
    ///   - role: a role that gets what a daemon needs, and no more; it must exist.
    /// - Throws: with `.stop` if the schema is newer than this program, privileges are missing or the role is unknown.
    @discardableResult
    public static func migrate(
        _ settings: PostgresSettings, grantingTo role: String? = nil
    ) async throws(ConnectorError) -> SchemaChange {
        try await migrate(settings, grantingTo: role, migrations: Migration.all)
    }

    static func migrate(
        _ settings: PostgresSettings, grantingTo role: String?, migrations: [Migration]
    ) async throws(ConnectorError) -> SchemaChange {
        try await PostgresSession.once(settings, "migrating") { connection in
            try connection.transaction {
                let change = try Migrator(connection: connection, migrations: migrations).migrate()
                if let role { try DaemonRole(name: role).grant(on: connection) }
                return change
            }
        }
    }

    /// The schema's version; 0 if there is none.
    public static func version(_ settings: PostgresSettings) async throws(ConnectorError) -> Int {
        try await PostgresSession.once(settings, "reading the schema's version") {
            try SchemaVersion.read($0, mayBeMissing: true)
        }
    }

    /// The commands that ``migrate(_:grantingTo:)`` runs for a daemon's role, for those who would rather run them
    /// themselves.
    public static func grants(to role: String) -> [String] { DaemonRole(name: role).statements }
}

/// Versions of the schema before and after a migration.
public struct SchemaChange: Sendable, Equatable {
    public let before: Int
    public let after: Int
}
