import PostgresClient

/// What a soak asks the database.
extension LabDatabase {
    /// About how many messages of a pipeline are stored. Reads only the ends of the index, so that it costs nothing.
    func stored(pipeline: String, topic: String, partitions: Int) throws -> Int {
        try number(
            """
            SELECT coalesce(sum(1 + last - first), 0)::bigint
            FROM generate_series(0, $3 - 1) AS p
            CROSS JOIN LATERAL (SELECT
                (SELECT max("offset") FROM lorikeet.labels
                    WHERE pipeline = $1 AND topic = $2 AND "partition" = p) AS last,
                (SELECT min("offset") FROM lorikeet.labels
                    WHERE pipeline = $1 AND topic = $2 AND "partition" = p) AS first
            ) AS ends
            """, [.text(pipeline), .text(topic), .integer(Int64(partitions))])
    }

    /// Compares every message with its rows.
    ///
    /// - Parameters:
    ///   - keyPrefix: stands before the message's number in its key.
    ///   - messages: how many were produced.
    ///   - tasks: how many rows a labelled message has.
    func count(pipeline: String, keyPrefix: String, messages: Int, tasks: Int) throws -> SoakResult.Count {
        let lost = try number(
            """
            SELECT count(*) FROM generate_series(0, $3::bigint - 1) AS number
            LEFT JOIN (
                SELECT message_key FROM lorikeet.labels WHERE pipeline = $1
                    GROUP BY message_key HAVING count(DISTINCT task) = $4
                UNION SELECT message_key FROM lorikeet.rejected WHERE pipeline = $1) AS done
                ON done.message_key = convert_to($2 || number, 'UTF8')
            WHERE done.message_key IS NULL
            """, [.text(pipeline), .text(keyPrefix), .integer(Int64(messages)), .integer(Int64(tasks))])
        let doubled = try number(
            """
            SELECT count(*) FROM
                (SELECT topic, "partition", "offset", count(*) AS rows FROM lorikeet.labels
                    WHERE pipeline = $1 GROUP BY 1, 2, 3) AS labelled
                FULL JOIN
                (SELECT topic, "partition", "offset", count(*) AS rows FROM lorikeet.rejected
                    WHERE pipeline = $1 GROUP BY 1, 2, 3) AS refused
                USING (topic, "partition", "offset")
            WHERE labelled.rows > $2 OR refused.rows > 1 OR (labelled.rows > 0 AND refused.rows > 0)
            """, [.text(pipeline), .integer(Int64(tasks))])
        let contradicted = try number(
            """
            SELECT count(*) FROM lorikeet.labels_history AS h
            LEFT JOIN lorikeet.labels AS l USING (pipeline, topic, "partition", "offset", task, produced_at)
            WHERE h.pipeline = $1
                AND (h.labelled_at >= h.replaced_at
                    OR l.labelled_at IS NULL AND NOT EXISTS (
                        SELECT FROM lorikeet.rejected AS r
                        WHERE r.pipeline = h.pipeline AND r.topic = h.topic AND r."partition" = h."partition"
                            AND r."offset" = h."offset" AND r.produced_at = h.produced_at))
            """, [.text(pipeline)])
        return SoakResult.Count(lost: lost, doubled: doubled, contradicted: contradicted)
    }

    /// The labelled messages of a pipeline, as partition and offset, and how many wait to be published.
    func labelled(pipeline: String) throws -> (origins: Set<[String]>, waiting: Int) {
        let rows = try execute(
            """
            SELECT DISTINCT "partition"::text AS "partition", "offset"::text AS "offset" FROM lorikeet.labels
            WHERE pipeline = $1
            """, [.text(pipeline)]
        ).rows
        let origins = Set(try rows.map { [try $0.text("partition"), try $0.text("offset")] })
        let waiting = try number("SELECT count(*) FROM lorikeet.outbox WHERE pipeline = $1", [.text(pipeline)])
        return (origins, waiting)
    }

    /// Ends the sessions of the daemons, as an administrator or a fail-over would.
    func terminateDaemonSessions() throws {
        try execute(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'lorikeet%'
            """)
    }
}
