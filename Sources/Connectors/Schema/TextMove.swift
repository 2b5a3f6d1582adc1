import PostgresClient

/// Moves the texts that older versions stored in `labels`, once per task, to `messages`, while daemons run.
///
/// It goes through the table in its physical order: one transaction per some hundred rows, so that no lock is held for
/// long, and each page is written about once. It waits for no row: rows that a daemon is just writing are left to the
/// next run. After an interruption, the next run skips what is empty, which is reading only.
///
/// Daemons of the version before may store texts in `labels` meanwhile, so a run ends with a look at newer rows. The
/// ledger of migrations keeps the time up to which no row has a text: the next run looks only at rows written since.
struct TextMove {
    let connection: BoundedConnection
    /// At most so many rows per transaction.
    let batchRows: Int
    let progress: (TextMoveProgress) -> Void

    private var report = TextMoveReport()

    /// Pages that are searched at once: half a megabyte.
    private static let chunkPages = 64
    /// At most so many bytes of text per transaction, beyond the first row.
    private static let batchBytes = 16 << 20
    private static let patience = Duration.seconds(600)

    /// Chunks of a table, or of a partition of it, in quotes.
    private typealias Chunks = [(table: String, numbers: [Int])]

    init(
        connection: BoundedConnection, batchRows: Int, progress: @escaping (TextMoveProgress) -> Void
    ) {
        (self.connection, self.batchRows, self.progress) = (connection, batchRows, progress)
    }

    /// Does nothing for a role that could not have changed the schema.
    mutating func run() throws -> TextMoveReport {
        try SchemaVersion.verify(connection)
        report.isComplete = true
        guard try ownsLedger() else { return report }
        if try movedUntil() == nil { try move(try allChunks()) }
        if let time = try movedUntil(), !Task.isCancelled {
            report.remaining = 0
            try move(try chunksWithTexts(since: time))
        }
        report.isComplete = !Task.isCancelled
        return report
    }

    private func ownsLedger() throws -> Bool {
        try connection.execute("SELECT has_table_privilege('lorikeet.schema_migrations', 'UPDATE') AS may")
            .first?.boolean("may") == true
    }

    // MARK: - What to look at

    /// Up to when no row has a text; nil before the first run has ended.
    private func movedUntil() throws -> String? {
        try connection.execute(
            "SELECT rows_moved_until::text AS time FROM lorikeet.schema_migrations WHERE version = $1",
            [.integer(Int64(Migration.messages.version))]
        ).first?.optionalText("time")
    }

    /// The table, or its partitions.
    private func allChunks() throws -> Chunks {
        let tables = try connection.execute(
            """
            SELECT format('%I.%I', c.relnamespace::regnamespace::text, c.relname) AS name,
                (pg_relation_size(c.oid) / current_setting('block_size')::bigint + $1 - 1) / $1 AS chunks
            FROM pg_class AS c
            WHERE c.relkind = 'r' AND (c.oid = 'lorikeet.labels'::regclass
                OR c.oid IN (SELECT relid FROM pg_partition_tree('lorikeet.labels')))
            ORDER BY c.oid
            """, [.integer(Int64(Self.chunkPages))])
        return try tables.rows.map { (try $0.text("name"), Array(0..<Int(try $0.integer("chunks")))) }
    }

    /// Finds by the index on `labelled_at` where texts have been stored since a time.
    private func chunksWithTexts(since time: String) throws -> Chunks {
        try allChunks().map { table, _ in
            let chunks = try connection.execute(
                """
                SELECT DISTINCT (l.ctid::text::point)[0]::bigint / $2 AS chunk FROM ONLY \(table) AS l
                WHERE l.labelled_at >= $1::timestamptz AND l.text IS NOT NULL ORDER BY chunk
                """, [.text(time), .integer(Int64(Self.chunkPages))], within: Self.patience)
            return (table, try chunks.rows.map { Int(try $0.integer("chunk")) })
        }
    }

    // MARK: - Moving

    private mutating func move(_ chunks: Chunks) throws {
        // A row of a transaction that has not ended yet may say that it was written before now.
        let start = try connection.execute("SELECT (clock_timestamp() - interval '10 minutes')::text AS time").first
        let total = chunks.map(\.numbers.count).reduce(0, +)
        var done = 0
        var oldestLeft: [String?] = []
        for (table, numbers) in chunks {
            for chunk in numbers where !Task.isCancelled {
                if let left = try moveChunk(chunk, of: table) { oldestLeft.append(left) }
                done += 1
                progress(TextMoveProgress(done: done, total: total, rows: report.rows))
            }
        }
        if Task.isCancelled { return }
        _ = try connection.transaction {
            try connection.execute(
                """
                UPDATE lorikeet.schema_migrations SET rows_moved_until = greatest(rows_moved_until,
                    least($2::timestamptz, (SELECT min(t::timestamptz) FROM unnest($3::text[]) AS t)))
                WHERE version = $1
                """,
                [
                    .integer(Int64(Migration.messages.version)), .text(try start?.text("time") ?? "-infinity"),
                    .texts(oldestLeft),
                ])
        }
    }

    /// - Returns: when the oldest text that is left was stored; nil if none is.
    private mutating func moveChunk(_ chunk: Int, of table: String) throws -> String? {
        let range: [PostgresValue] = [
            .text("(\(chunk * Self.chunkPages),0)"), .text("(\((chunk + 1) * Self.chunkPages),0)"),
        ]
        var left = try textsLeft(in: range, of: table)
        if left.rows == 0 { return nil }
        while !Task.isCancelled, try moveBatch(in: range, of: table) {}
        left = try textsLeft(in: range, of: table)
        report.remaining += left.rows
        return left.oldest
    }

    private func textsLeft(in range: [PostgresValue], of table: String) throws -> (rows: Int, oldest: String?) {
        let row = try connection.execute(
            """
            SELECT count(*) AS rows, min(l.labelled_at)::text AS oldest FROM ONLY \(table) AS l
            WHERE l.ctid >= $1::tid AND l.ctid < $2::tid AND l.text IS NOT NULL
            """, range, within: Self.patience
        ).first
        return (Int(try row?.integer("rows") ?? 0), try row?.optionalText("oldest"))
    }

    /// - Returns: whether there may be more to move.
    private mutating func moveBatch(in range: [PostgresValue], of table: String) throws -> Bool {
        let limits: [PostgresValue] = [.integer(Int64(batchRows)), .integer(Int64(Self.batchBytes))]
        do {
            let counts = try connection.transaction {
                try connection.execute(Self.moveBatch(of: table), range + limits, within: Self.patience).first
            }
            let (found, moved) = (Int(try counts?.integer("found") ?? 0), Int(try counts?.integer("moved") ?? 0))
            report.rows += moved
            return moved > 0 && (found == batchRows || moved < found)
        } catch let error as PostgresError where error.sqlState == "40P01" {
            // A deadlock with a daemon: what it has locked is left to the next run.
            return false
        }
    }

    /// The newest text of a message wins, and one that a daemon of this version has stored meanwhile stays. A row that
    /// was written between the start of the statement and its lock keeps its text for the next batch.
    private static func moveBatch(of table: String) -> String {
        """
        WITH found AS MATERIALIZED (
            SELECT l.ctid AS place, l.pipeline, l.topic, l."partition", l."offset", l.produced_at, l.task,
                l.message_key, l.text, l.labelled_at
            FROM ONLY \(table) AS l
            WHERE l.ctid >= $1::tid AND l.ctid < $2::tid AND l.text IS NOT NULL
            LIMIT $3::bigint FOR NO KEY UPDATE SKIP LOCKED
        ), sized AS (
            SELECT f.*, octet_length(f.text) AS bytes, sum(octet_length(f.text)) OVER (
                ORDER BY f.pipeline, f.topic, f."partition", f."offset", f.produced_at, f.task) AS bytes_so_far
            FROM found AS f
        ), batch AS MATERIALIZED (
            SELECT * FROM sized WHERE bytes_so_far - bytes <= $4::bigint
        ), stored AS (
            INSERT INTO lorikeet.messages AS m (
                pipeline, topic, "partition", "offset", produced_at, message_key, text, stored_at)
            SELECT DISTINCT ON (b.pipeline, b.topic, b."partition", b."offset", b.produced_at)
                b.pipeline, b.topic, b."partition", b."offset", b.produced_at, b.message_key, b.text, b.labelled_at
            FROM batch AS b
            ORDER BY b.pipeline, b.topic, b."partition", b."offset", b.produced_at, b.labelled_at DESC
            ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO UPDATE SET
                message_key = excluded.message_key, text = excluded.text, stored_at = excluded.stored_at
            WHERE m.stored_at < excluded.stored_at
        ), emptied AS (
            UPDATE ONLY \(table) AS l SET text = NULL FROM batch AS b WHERE l.ctid = b.place RETURNING 1
        )
        SELECT (SELECT count(*) FROM found) AS found, (SELECT count(*) FROM emptied) AS moved
        """
    }
}

/// How far a run of ``Schema/moveTexts(_:progress:)`` is.
public struct TextMoveProgress: Sendable, Equatable {
    /// Parts of the table that are done.
    public let done: Int
    /// Parts of the table.
    public let total: Int
    /// Rows whose texts were moved.
    public let rows: Int
}

/// What a run of ``Schema/moveTexts(_:progress:)`` did.
public struct TextMoveReport: Sendable, Equatable {
    /// Rows of `labels` whose texts were moved.
    public internal(set) var rows = 0
    /// Rows that daemons were just writing.
    public internal(set) var remaining = 0
    /// Whether it came to its end; otherwise it was cancelled.
    public internal(set) var isComplete = false
}
