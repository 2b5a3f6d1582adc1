import Serving

/// Applies the steps that a database lacks, within one transaction of the caller's.
struct Migrator {
    let connection: BoundedConnection
    let migrations: [Migration]

    /// Any number that other programs will hardly use; whoever migrates holds the lock until the transaction ends.
    private static let advisoryLock: Int64 = 0x6c6f_7269_6b65_6574
    /// How long another migration may take.
    private static let patience = Duration.seconds(600)

    func migrate() throws -> SchemaChange {
        try requireUnicode()
        try connection.execute("SELECT pg_advisory_xact_lock($1)", [.integer(Self.advisoryLock)], within: Self.patience)
        let before = try SchemaVersion.read(connection, mayBeMissing: true)
        let known = migrations.last?.version ?? 0
        if before > known { throw SchemaVersion.newer(before, than: known) }
        if before == 0 { try createLedger() }
        for migration in migrations where migration.version > before { try apply(migration) }
        return SchemaChange(before: before, after: known)
    }

    /// Texts in other encodings would fail one by one.
    private func requireUnicode() throws {
        let encoding = try connection.execute("SELECT current_setting('server_encoding') AS encoding").first?.text(
            "encoding")
        guard let encoding, encoding != "UTF8" else { return }
        throw ConnectorError(
            action: .stop,
            reason: "the database's encoding is \(encoding), lorikeet needs UTF8: CREATE DATABASE … ENCODING 'UTF8'")
    }

    private func createLedger() throws {
        // `IF NOT EXISTS` alone asks for the privilege to create even where the schema is there.
        let place = try connection.execute("SELECT to_regnamespace('lorikeet') IS NOT NULL AS present")
        if try place.first?.boolean("present") != true {
            try connection.execute("CREATE SCHEMA lorikeet")
            try connection.execute(
                "COMMENT ON SCHEMA lorikeet IS 'Lorikeet: labels of texts, the adapters that made them, the rows these learn from.'"
            )
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
        try connection.execute(
            "COMMENT ON TABLE lorikeet.schema_migrations IS 'The steps of `lorikeet migrate` that were taken. Leave it alone.'"
        )
    }

    private func apply(_ migration: Migration) throws {
        for statement in migration.statements { try connection.execute(statement, within: Self.patience) }
        try connection.execute(
            "INSERT INTO lorikeet.schema_migrations (version, name) VALUES ($1, $2)",
            [.integer(Int64(migration.version)), .text(migration.name)])
    }
}
