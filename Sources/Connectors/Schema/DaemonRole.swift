import PostgresClient

/// The role that a daemon connects as. It reads and writes rows, and may not create, alter or drop anything.
struct DaemonRole {
    let name: String

    /// Privileges per table.
    static let privileges: [(table: String, privileges: String)] = [
        ("schema_migrations", "SELECT"),
        ("labels", "SELECT, INSERT, UPDATE, DELETE"),
        ("messages", "SELECT, INSERT, UPDATE, DELETE"),
        ("labelled_texts", "SELECT"),
        ("labels_history", "SELECT, INSERT, UPDATE, DELETE"),
        ("shadow_labels", "SELECT, INSERT, UPDATE, DELETE"),
        ("rejected", "SELECT, INSERT, UPDATE, DELETE"),
        ("outbox", "SELECT, INSERT, UPDATE, DELETE"),
        ("annotations", "SELECT"),
        ("annotation_queue", "SELECT"),
        ("adapters", "SELECT, INSERT, UPDATE"),
        ("adapter_changes", "SELECT"),
        ("promotions", "SELECT"),
        ("retrainings", "SELECT, INSERT, UPDATE"),
        ("leases", "SELECT, INSERT, UPDATE, DELETE"),
    ]

    /// Functions that run as the owner of the schema: those that make and drop partitions.
    static let functions = [
        "make_partitions(timestamptz, timestamptz)", "drop_partition(text, text, double precision)",
    ]

    var statements: [String] {
        let role = SQLQuoting.identifier(name)
        return ["GRANT USAGE ON SCHEMA lorikeet TO \(role)"]
            + Self.privileges.map { "GRANT \($0.privileges) ON lorikeet.\($0.table) TO \(role)" }
            + Self.functions.map { "GRANT EXECUTE ON FUNCTION lorikeet.\($0) TO \(role)" }
    }

    /// Creates the role with LOGIN and without a password, so that it can log in only where the server needs none.
    func createIfMissing(on connection: BoundedConnection) throws {
        let found = try connection.execute("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", [.text(name)])
        if found.rows.isEmpty { try connection.execute("CREATE ROLE \(SQLQuoting.identifier(name)) LOGIN") }
    }

    func grant(on connection: BoundedConnection) throws {
        for statement in statements { try connection.execute(statement) }
    }

    /// The privileges that the current role lacks, as `INSERT on lorikeet.labels`. Skips missing tables.
    static func missingPrivileges(on connection: BoundedConnection) throws -> [String] {
        var tables: [String?] = []
        var privileges: [String?] = []
        for (table, list) in Self.privileges {
            for privilege in list.split(separator: ",") {
                tables.append("lorikeet." + table)
                privileges.append(privilege.trimmingPrefix(while: { $0 == " " }).description)
            }
        }
        let result = try connection.execute(
            """
            SELECT p.privilege || ' on ' || p.place AS missing
            FROM unnest($1::text[], $2::text[]) AS p(place, privilege)
            WHERE to_regclass(p.place) IS NOT NULL AND NOT has_table_privilege(to_regclass(p.place), p.privilege)
            """, [.texts(tables), .texts(privileges)])
        return try result.rows.map { try $0.text("missing") }
    }
}
