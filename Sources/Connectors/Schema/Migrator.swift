import PostgresClient
import Serving

/// Applies the missing steps, within a transaction of the caller.
struct Migrator {
    let connection: BoundedConnection
    let migrations: [Migration]
    /// Whether a new schema gets monthly partitions of its large tables.
    var isPartitioned = false

    /// A number that other programs hardly use. The lock is held until the transaction ends.
    private static let advisoryLock: Int64 = 0x6c6f_7269_6b65_6574
    /// How long another migration may take.
    private static let patience = Duration.seconds(600)

    func migrate() throws -> SchemaChange {
        try requireUnicode()
        try connection.execute("SELECT pg_advisory_xact_lock($1)", [.integer(Self.advisoryLock)], within: Self.patience)
        let before = try SchemaVersion.read(connection, mayBeMissing: true)
        let known = migrations.last?.version ?? 0
        if before > known { throw SchemaVersion.newer(before, than: known) }
        let partitions = PartitionedTables(connection: connection)
        if isPartitioned, before > 0, try !partitions.exist() { throw Self.alreadyThere }
        if before == 0 { try createLedger() }
        let readers = known > before ? try SchemaView.dropAll(on: connection) : [:]
        for migration in migrations where migration.version > before { try apply(migration, isNew: before == 0) }
        if isPartitioned, before == 0 { try partitions.makeFirst() }
        try SchemaView.createAll(version: known, readers: readers, replaces: known > before, on: connection)
        return SchemaChange(before: before, after: known)
    }

    /// In other encodings single texts would fail.
    private func requireUnicode() throws {
        let encoding = try connection.execute("SELECT current_setting('server_encoding') AS encoding").first?.text(
            "encoding")
        guard let encoding, encoding != "UTF8" else { return }
        throw ConnectorError(
            action: .stop,
            reason: "the database's encoding is \(encoding), and UTF8 is required: CREATE DATABASE … ENCODING 'UTF8'")
    }

    private func createLedger() throws {
        // `IF NOT EXISTS` requires the privilege to create even if the schema exists.
        let place = try connection.execute("SELECT to_regnamespace('lorikeet') IS NOT NULL AS present")
        if try place.first?.boolean("present") != true {
            try connection.execute("CREATE SCHEMA lorikeet")
            let comment =
                "Lorikeet: labels of texts, the adapters that gave them, the rows that adapters are trained on."
            try connection.execute("COMMENT ON SCHEMA lorikeet IS \(SQLQuoting.literal(comment))")
        }
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS lorikeet.schema_migrations (
                version     integer      PRIMARY KEY,
                name        text         NOT NULL,
                applied_at  timestamptz  NOT NULL DEFAULT now(),
                applied_by  text         NOT NULL DEFAULT current_user
            )
            """)
        for comment in Self.ledgerComments { try connection.execute(comment.statement) }
    }

    private static let ledgerComments = [
        SchemaComment(
            "schema_migrations", nil,
            "The steps that `lorikeet migrate` has applied. Do not change this table."),
        SchemaComment("schema_migrations", "version", "Number of the step; the highest is the schema's version."),
        SchemaComment("schema_migrations", "name", "What the step adds."),
        SchemaComment("schema_migrations", "applied_at", "When it was applied."),
        SchemaComment("schema_migrations", "applied_by", "The role that applied it."),
    ]

    private static let alreadyThere = ConnectorError(
        action: .stop,
        reason: "the schema lorikeet exists and is not partitioned, and only a new one can be: run `lorikeet migrate "
            + "--partitioned` in a new database and copy the rows as docs/history.md says")

    private func apply(_ migration: Migration, isNew: Bool) throws {
        for statement in migration.statements {
            try connection.execute(statement, within: Self.patience)
            // Before indexes and views depend on a table.
            if isPartitioned, isNew { try PartitionedTables(connection: connection).convert() }
        }
        try connection.execute(
            "INSERT INTO lorikeet.schema_migrations (version, name) VALUES ($1, $2)",
            [.integer(Int64(migration.version)), .text(migration.name)])
    }
}
