import Serving

/// The statements that find and delete old rows of a table: `$1` is the pipeline, `$2` the age in seconds.
///
/// Each reads by an index that begins with what is equal and ends with the time, from the oldest on, and no more than a
/// span of times. The time is that of the database's clock.
extension RetentionTable {
    /// The column that a row's age is counted from.
    var clock: String {
        switch self {
        case .labels, .shadowLabels: "labelled_at"
        case .rejected: "rejected_at"
        case .messages: "stored_at"
        case .history: "replaced_at"
        }
    }

    /// The columns that identify a row.
    private var key: [String] {
        let origin = ["topic", "\"partition\"", "\"offset\"", "produced_at"]
        return switch self {
        case .rejected, .messages: origin
        case .labels, .shadowLabels: origin + ["task"]
        // A label may have been replaced several times.
        case .history: origin + ["task", "labelled_at"]
        }
    }

    /// Whether the index of its times begins with the task instead of the pipeline.
    var isReadByTask: Bool { self == .labels }

    /// Whether a partitioned schema has it in monthly partitions.
    var isPartitioned: Bool { PartitionedTables.names.contains(rawValue) }

    private static let cutoff = "now() - $2::double precision * interval '1 second'"

    /// Old rows of the pipeline, over the table `AS t`.
    ///
    /// A month that is to be dropped as a partition is not deleted row by row before; the default partition is never
    /// dropped.
    ///
    /// - Parameter isMonthly: whether the table is partitioned by months.
    private func isOld(isMonthly: Bool) -> String {
        let month = """
            (t.produced_at < date_trunc('month', \(Self.cutoff), 'UTC')
                OR t.tableoid = to_regclass('lorikeet.\(rawValue)_default'))
            """
        return "t.pipeline = $1 AND t.\(clock) < \(Self.cutoff)" + (isMonthly ? " AND \(month)" : "")
    }

    /// A record that waits in the outbox is published with what its rows say; `OFFSET 0` looks for each row by key,
    /// however full the outbox is.
    private static let waitsNot = """
        NOT EXISTS (
            SELECT FROM lorikeet.outbox AS o
            WHERE o.pipeline = $1 AND o.topic = t.topic AND o."partition" = t."partition"
                AND o."offset" = t."offset" AND o.produced_at = t.produced_at OFFSET 0)
        """

    /// Of the times from `$3` up to but not `$4`; where the table is read by task, of the task `$5`.
    private var isInSpan: String {
        "t.\(clock) >= $3::timestamptz AND t.\(clock) < $4::timestamptz" + (isReadByTask ? " AND t.task = $5" : "")
    }

    /// Counts the old rows.
    func count(isMonthly: Bool) -> String {
        """
        SELECT count(*) AS rows FROM lorikeet.\(rawValue) AS t
        WHERE \(isOld(isMonthly: isMonthly)) AND \(Self.waitsNot)
        """
    }

    /// Where a span ends that begins at `$3`, and whether it is the last one: ``spanRows`` rows later, without those of
    /// that time. Where the table is read by task, `$1` is the task, and the rows are those of all pipelines.
    var spanEnd: String {
        """
        SELECT coalesce(s.clock, c.cutoff)::text AS upper, s.clock IS NULL AS is_last
        FROM (SELECT \(Self.cutoff) AS cutoff) AS c
        LEFT JOIN LATERAL (
            SELECT t.\(clock) AS clock FROM lorikeet.\(rawValue) AS t
            WHERE t.\(isReadByTask ? "task" : "pipeline") = $1 AND t.\(clock) > $3::timestamptz
                AND t.\(clock) < \(Self.cutoff)
            ORDER BY t.\(clock) OFFSET \(Self.spanRows) LIMIT 1) AS s ON true
        """
    }

    /// Rows of a span.
    static let spanRows = 20_000

    /// Whether the span has an old row of the pipeline, also one that waits in the outbox.
    func hasOld(isMonthly: Bool) -> String {
        """
        SELECT 1 FROM lorikeet.\(rawValue) AS t WHERE \(isOld(isMonthly: isMonthly)) AND \(isInSpan)
        ORDER BY t.\(clock) LIMIT 1
        """
    }

    /// Deletes at most `limit` old rows of a span, the oldest first. Rows that someone else has locked are left for the
    /// next time.
    ///
    /// Answers with the number of rows and the time of the newest one, where the next statement resumes.
    func delete(isMonthly: Bool, limit: Int) -> String {
        let identity = key.map { "t.\($0) = k.\($0)" }.joined(separator: " AND ")
        return """
            WITH old AS (
                SELECT \(key.map { "t.\($0)" }.joined(separator: ", ")), t.\(clock) AS clock
                FROM lorikeet.\(rawValue) AS t
                WHERE \(isOld(isMonthly: isMonthly)) AND \(Self.waitsNot) AND \(isInSpan)
                ORDER BY t.\(clock) LIMIT \(limit) FOR UPDATE OF t SKIP LOCKED
            ), gone AS (
                DELETE FROM lorikeet.\(rawValue) AS t USING old AS k
                WHERE t.pipeline = $1 AND \(identity) RETURNING k.clock
            )
            SELECT count(*) AS rows, max(clock)::text AS newest FROM gone
            """
    }

    /// For the transaction of ``delete(isMonthly:limit:)``: each row is found by its key, whatever the statistics of a
    /// table say that was just created or emptied.
    static let findsByKey = """
        SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
            set_config('enable_seqscan', 'off', true)
        """

    /// The tasks of `labels` that have old rows of any pipeline behind their mark, by two look-ups each in the index of
    /// times: their marks are `$1`, the tasks, and `$3`, the times up to which there is nothing to delete.
    static let tasks = """
        WITH RECURSIVE tasks(name) AS (
            (SELECT task FROM lorikeet.labels ORDER BY task LIMIT 1)
            UNION ALL
            SELECT (SELECT l.task FROM lorikeet.labels AS l WHERE l.task > t.name ORDER BY l.task LIMIT 1)
            FROM tasks AS t WHERE t.name IS NOT NULL
        )
        SELECT t.name, o.clock::text AS oldest
        FROM tasks AS t
        LEFT JOIN unnest($1::text[], $3::text[]::timestamptz[]) AS m(task, mark) ON m.task = t.name
        CROSS JOIN LATERAL (
            SELECT l.labelled_at AS clock FROM lorikeet.labels AS l
            WHERE l.task = t.name AND l.labelled_at >= coalesce(m.mark, '-infinity') AND l.labelled_at < \(cutoff)
            ORDER BY l.labelled_at LIMIT 1) AS o
        WHERE t.name IS NOT NULL ORDER BY t.name
        """

    /// Whether the table `$1` is partitioned.
    static let isMonthly = """
        SELECT 1 FROM pg_class WHERE oid = to_regclass('lorikeet.' || $1) AND relkind = 'p'
        """

    /// Monthly partitions of the table `$1`, the oldest first.
    static let partitions = """
        SELECT c.relname::text AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass('lorikeet.' || $1)
            AND CASE WHEN c.relname ~ '^[a-z]+_[0-9]{4}_[0-9]{2}$'
                THEN to_date(right(c.relname::text, 7), 'YYYY_MM')
                    < date_trunc('month', (\(cutoff)) AT TIME ZONE 'UTC') END
        ORDER BY c.relname
        """
}
