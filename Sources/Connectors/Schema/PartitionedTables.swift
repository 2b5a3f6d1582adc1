import PostgresClient

/// The monthly partitions of `labels` and `messages` in a schema that is created with them.
///
/// A month is one of UTC, by the record's timestamp, which is part of the key: so `ON CONFLICT` works as without
/// partitions. A default partition takes the odd timestamps, such as 1970. Tables that exist already stay as they are:
/// no lock would be short enough to rewrite them.
struct PartitionedTables {
    let connection: BoundedConnection

    /// Tables that are partitioned.
    static let names = ["labels", "messages"]

    /// Makes partitioned tables of those that exist, are empty and are not partitioned, within the transaction that has
    /// just created them.
    ///
    /// Called after each statement of a migration, before indexes and views depend on the table.
    func convert() throws {
        for table in Self.names {
            let found = try connection.execute(
                "SELECT 1 FROM pg_class WHERE oid = to_regclass('lorikeet.' || $1) AND relkind = 'r'", [.text(table)])
            guard !found.rows.isEmpty else { continue }
            for statement in try statements(table) { try connection.execute(statement) }
        }
    }

    /// Those of last month, in which the records may be that are read first, and of the months to come.
    func makeFirst() throws {
        try connection.execute(
            "SELECT lorikeet.make_partitions(now() - interval '1 month', now() + interval '3 months')")
    }

    /// Whether the tables of an existing schema are partitioned.
    func exist() throws -> Bool {
        try !connection.execute(
            "SELECT 1 FROM pg_class WHERE oid = to_regclass('lorikeet.labels') AND relkind = 'p'"
        ).rows.isEmpty
    }

    private func statements(_ table: String) throws -> [String] {
        let key = try connection.execute(
            """
            SELECT format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS key
            FROM pg_constraint WHERE conrelid = ('lorikeet.' || $1)::regclass AND contype = 'p'
            """, [.text(table)]
        ).first?.text("key")
        guard let key else { throw PostgresError(kind: .unexpectedResult, message: "\(table) has no primary key") }
        return [
            """
            CREATE TABLE lorikeet.\(table)_partitioned (LIKE lorikeet.\(table) INCLUDING ALL EXCLUDING INDEXES)
            PARTITION BY RANGE (produced_at)
            """,
            "DROP TABLE lorikeet.\(table)",
            "ALTER TABLE lorikeet.\(table)_partitioned RENAME TO \(table)",
            "ALTER TABLE lorikeet.\(table) ADD \(key)",
            "CREATE TABLE lorikeet.\(table)_default PARTITION OF lorikeet.\(table) DEFAULT",
            """
            COMMENT ON TABLE lorikeet.\(table)_default IS 'Rows of \(table) whose month has no partition, such as \
            those of records without a timestamp.'
            """,
        ]
    }
}
