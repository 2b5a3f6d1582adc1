import PostgresClient

/// A view of the schema, for any tool that reads SQL.
///
/// It is no step of the schema. PostgreSQL alters no column that a view reads, so the views are dropped before steps
/// run and created after them. A migration also creates one that is missing, as after a user has altered a column.
struct SchemaView: Sendable {
    let name: String
    /// The step that it needs.
    let version: Int
    /// `CREATE OR REPLACE VIEW`, then comments.
    let statements: [String]

    /// A view may read those before it.
    static let all: [SchemaView] = [.labelledTexts, .annotationQueue]

    /// Roles that may read a view, in quotes, by the view's name.
    typealias Readers = [String: [String]]

    /// Drops the views that there are. One that a view of a user's own reads stays.
    ///
    /// - Returns: who may read them.
    static func dropAll(on connection: BoundedConnection) throws -> Readers {
        var readers: Readers = [:]
        for view in all.reversed() {
            readers[view.name] = try view.readers(on: connection)
            try connection.execute(
                """
                DO $$
                BEGIN
                    DROP VIEW IF EXISTS lorikeet.\(view.name);
                EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
                END $$
                """)
        }
        return readers
    }

    /// Creates the views of a version that are missing.
    ///
    /// - Parameter replaces: also those that are there, which may be of an older version.
    static func createAll(
        version: Int, readers: Readers, replaces: Bool, on connection: BoundedConnection
    ) throws {
        for view in all where view.version <= version {
            if try replaces || view.isMissing(on: connection) {
                try view.create(readers: readers[view.name] ?? [], on: connection)
            }
        }
    }

    private func isMissing(on connection: BoundedConnection) throws -> Bool {
        try connection.execute("SELECT to_regclass('lorikeet.\(name)') IS NULL AS missing").first?.boolean("missing")
            == true
    }

    private func readers(on connection: BoundedConnection) throws -> [String] {
        try connection.execute(
            """
            SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS reader
            FROM pg_class AS c, aclexplode(c.relacl) AS a
            WHERE c.oid = to_regclass('lorikeet.\(name)') AND a.privilege_type = 'SELECT'
            """
        ).rows.map { try $0.text("reader") }
    }

    private func create(readers: [String], on connection: BoundedConnection) throws {
        for statement in statements + [grantsToReadersOfLabels] { try connection.execute(statement) }
        for reader in readers { try connection.execute("GRANT SELECT ON lorikeet.\(name) TO \(reader)") }
    }

    /// Roles that read the labels, such as that of a daemon, read the view too, without another grant.
    private var grantsToReadersOfLabels: String {
        """
        DO $$
        DECLARE reader text;
        BEGIN
            FOR reader IN
                SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
                FROM pg_class AS c, aclexplode(c.relacl) AS a
                WHERE c.oid = 'lorikeet.labels'::regclass AND a.privilege_type = 'SELECT'
            LOOP
                EXECUTE 'GRANT SELECT ON lorikeet.\(name) TO ' || reader;
            END LOOP;
        END $$
        """
    }
}
