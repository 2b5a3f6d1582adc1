import PostgresClient

/// The view `lorikeet.annotation_queue`: what to label next, for any tool that reads SQL.
///
/// It is no step of the schema. PostgreSQL alters no column that a view reads, so the view is dropped before steps run
/// and created after them. A migration also creates it where it is missing, as after a user has altered a column.
struct AnnotationQueueView {
    let connection: BoundedConnection

    /// Roles that may read the view, in quotes.
    typealias Readers = [String]

    /// Drops the view if there is one, unless views of a user's own read it.
    ///
    /// - Returns: who may read it.
    func drop() throws -> Readers {
        let readers = try connection.execute(
            """
            SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS reader
            FROM pg_class AS c, aclexplode(c.relacl) AS a
            WHERE c.oid = to_regclass('lorikeet.annotation_queue') AND a.privilege_type = 'SELECT'
            """
        ).rows.map { try $0.text("reader") }
        try connection.execute(
            """
            DO $$
            BEGIN
                DROP VIEW IF EXISTS lorikeet.annotation_queue;
            EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
            END $$
            """)
        return readers
    }

    /// Creates the view if it is missing.
    func create(readers: Readers) throws {
        let place = try connection.execute("SELECT to_regclass('lorikeet.annotation_queue') IS NULL AS missing").first
        guard try place?.boolean("missing") == true else { return }
        for statement in Self.statements { try connection.execute(statement) }
        for reader in readers { try connection.execute("GRANT SELECT ON lorikeet.annotation_queue TO \(reader)") }
    }

    static let statements = [
        """
        CREATE VIEW lorikeet.annotation_queue AS
        SELECT l.task, l.pipeline, l.topic, l."partition", l."offset", l.produced_at, l.text, l.label, l.labels,
            l.score, l.scores, l.abstained, l.adapter_digest, l.labelled_at, m.margin
        FROM lorikeet.labels AS l
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.labels IS NOT NULL OR abs(sum(s.score) - 1) > 0.01 THEN min(abs(2 * s.score - 1))
                ELSE max(s.score) - coalesce(max(s.score) FILTER (WHERE s.place = 2), 0) END AS margin
            FROM (
                SELECT e.value::double precision AS score,
                    row_number() OVER (ORDER BY e.value::double precision DESC) AS place
                FROM jsonb_each_text(l.scores) AS e
            ) AS s
        ) AS m
        WHERE l.text IS NOT NULL AND NOT EXISTS (
            SELECT FROM lorikeet.annotations AS a
            WHERE a.task = l.task AND hashtextextended(a.text, 0) = hashtextextended(l.text, 0) AND a.text = l.text
        )
        ORDER BY m.margin
        """,
        // Roles that read the labels, such as that of a daemon, read the view too, without another grant.
        """
        DO $$
        DECLARE reader text;
        BEGIN
            FOR reader IN
                SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
                FROM pg_class AS c, aclexplode(c.relacl) AS a
                WHERE c.oid = 'lorikeet.labels'::regclass AND a.privilege_type = 'SELECT'
            LOOP
                EXECUTE 'GRANT SELECT ON lorikeet.annotation_queue TO ' || reader;
            END LOOP;
        END $$
        """,
        """
        COMMENT ON VIEW lorikeet.annotation_queue IS 'Stored texts of labels that have no annotation yet, the \
        least certain first. A text that occurs in several records occurs as often. `lorikeet annotations queue` \
        also spreads the texts over different kinds.'
        """,
        """
        COMMENT ON COLUMN lorikeet.annotation_queue.margin IS 'How sure the adapter is, from 0 to 1: the best \
        score minus the second. In a multi-label task: the least distance of a score from 0.5, doubled.'
        """,
    ]
}
