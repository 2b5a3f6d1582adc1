import PostgresClient
import Threading
import Training

/// The demo's own session with its private PostgreSQL: what a user's psql and a user's labelling system would do.
actor DemoDatabase {
    private let thread = DedicatedThread(name: "demo-database")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let connection: PostgresConnection

    init(dsn: String) throws {
        connection = try PostgresConnection(dsn: dsn, applicationName: "lorikeet demo")
    }

    /// The catalogue's own answers, in a table of the demo's, so that labels can be held against them in SQL.
    func storeCatalogue(_ packages: ArraySlice<CataloguePackage>) throws {
        try connection.execute(
            "CREATE TABLE public.catalogue (package text PRIMARY KEY, section text NOT NULL, role text)")
        try connection.execute(
            "INSERT INTO public.catalogue SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
            [.texts(packages.map(\.name)), .texts(packages.map(\.section)), .texts(packages.map(\.role))])
    }

    /// Labelled rows, as a user's own system would write them.
    func annotate(task: String, _ rows: [LabelledText]) throws {
        try connection.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label, annotator, source)
            SELECT $1, text, label, 'demo', 'catalogue' FROM unnest($2::text[], $3::text[]) AS row (text, label)
            """, [.text(task), .texts(rows.map(\.text)), .texts(rows.map(\.label))])
    }

    /// The newest finished retraining of each task.
    func retrainings() throws -> [String: DemoRetraining] {
        let result = try connection.execute(
            """
            SELECT DISTINCT ON (task) task, verdict, reason, rows_used, extract(epoch FROM finished_at - started_at)::float8 AS seconds
            FROM lorikeet.retrainings WHERE finished_at IS NOT NULL ORDER BY task, started_at DESC
            """)
        var retrainings: [String: DemoRetraining] = [:]
        for row in result.rows {
            retrainings[try row.text("task")] = DemoRetraining(
                verdict: try row.text("verdict"), reason: try row.optionalText("reason") ?? "",
                rows: Int(try row.optionalInteger("rows_used") ?? 0), seconds: try row.double("seconds"))
        }
        return retrainings
    }

    /// The live version of each task.
    func liveVersions() throws -> [String: Int] {
        let result = try connection.execute("SELECT task, version FROM lorikeet.adapters WHERE state = 'live'")
        return Dictionary(
            try result.rows.map { (try $0.text("task"), Int(try $0.integer("version"))) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The version that labelled the newest row of a task.
    func newestLabelVersion(task: String) throws -> Int? {
        let result = try connection.execute(
            """
            SELECT a.version FROM lorikeet.labels l JOIN lorikeet.adapters a ON a.task = l.task AND a.digest = l.adapter_digest
            WHERE l.task = $1 ORDER BY l.labelled_at DESC LIMIT 1
            """, [.text(task)])
        return try result.first.map { Int(try $0.integer("version")) }
    }

    /// Texts with all their rows, and rejected ones.
    func settled() throws -> Int {
        let result = try connection.execute(
            """
            SELECT (SELECT count(*) FROM lorikeet.labels WHERE task = 'section') + (SELECT count(*) FROM lorikeet.rejected) AS settled
            """)
        return Int(try result.first?.integer("settled") ?? 0)
    }

    /// Holds every message that was produced against the rows it left.
    func audit(produced: [Int32: Int64], tasks: Int) throws -> DemoAudit {
        let partitions = produced.keys.sorted()
        let row = try connection.execute(
            """
            WITH produced AS (
                SELECT p AS "partition", "offset" FROM unnest($1::int[], $2::bigint[]) AS t (p, n), generate_series(0, n - 1) AS "offset"),
            labelled AS (
                SELECT "partition", "offset", count(*) AS rows, count(DISTINCT task) AS tasks
                FROM lorikeet.labels GROUP BY "partition", "offset"),
            refused AS (SELECT "partition", "offset", count(*) AS rows FROM lorikeet.rejected GROUP BY "partition", "offset")
            SELECT
                count(*) AS messages,
                count(*) FILTER (WHERE l.rows = $3 AND l.tasks = $3 AND r.rows IS NULL) AS labelled,
                count(*) FILTER (WHERE l.rows IS NULL AND r.rows = 1) AS rejected,
                count(*) FILTER (WHERE l.rows IS NULL AND r.rows IS NULL) AS lost,
                (SELECT count(*) FROM lorikeet.labels l WHERE NOT EXISTS
                    (SELECT FROM lorikeet.adapters a WHERE a.digest = l.adapter_digest AND a.task = l.task)) AS unknown_digests,
                (SELECT count(*) FROM (SELECT "partition", "offset" FROM labelled UNION SELECT "partition", "offset" FROM refused) rows
                    WHERE NOT EXISTS (SELECT FROM produced p WHERE p."partition" = rows."partition" AND p."offset" = rows."offset")) AS strangers
            FROM produced LEFT JOIN labelled l USING ("partition", "offset") LEFT JOIN refused r USING ("partition", "offset")
            """,
            [
                .integers(partitions.map(Int64.init)), .integers(partitions.map { produced[$0] ?? 0 }),
                .integer(Int64(tasks)),
            ]
        ).first
        guard let row else { throw DemoError("the audit returned nothing") }
        func number(_ column: String) throws -> Int { Int(try row.integer(column)) }
        return DemoAudit(
            messages: try number("messages"), labelled: try number("labelled"), rejected: try number("rejected"),
            lost: try number("lost"), strangers: try number("strangers"), unknownDigests: try number("unknown_digests"))
    }

    /// Share of labels that the catalogue agrees with, for each version of each task.
    func accuracies() throws -> [DemoAccuracy] {
        let result = try connection.execute(
            """
            SELECT l.task, a.version, count(*) AS rows,
                avg(coalesce(l.label = CASE l.task WHEN 'section' THEN c.section ELSE c.role END, false)::int)::float8 AS accuracy
            FROM lorikeet.labels l
            JOIN lorikeet.adapters a ON a.task = l.task AND a.digest = l.adapter_digest
            JOIN public.catalogue c ON c.package = convert_from(l.message_key, 'UTF8')
            WHERE CASE l.task WHEN 'section' THEN c.section ELSE c.role END IS NOT NULL
            GROUP BY l.task, a.version ORDER BY l.task DESC, a.version
            """)
        return try result.rows.map {
            DemoAccuracy(
                task: try $0.text("task"), version: Int(try $0.integer("version")), rows: Int(try $0.integer("rows")),
                accuracy: try $0.double("accuracy"))
        }
    }

    /// Rejected messages by stage and reason.
    func rejections() throws -> [(stage: String, reason: String, count: Int)] {
        let result = try connection.execute(
            "SELECT stage, reason, count(*) AS count FROM lorikeet.rejected GROUP BY stage, reason ORDER BY stage, count DESC, reason"
        )
        return try result.rows.map { (try $0.text("stage"), try $0.text("reason"), Int(try $0.integer("count"))) }
    }

    /// The newest texts with both labels.
    func samples(_ count: Int) throws -> [(text: String, section: String, role: String)] {
        let result = try connection.execute(
            """
            SELECT s.text, s.label AS section, s.score AS section_score, r.label AS role, r.score AS role_score
            FROM lorikeet.labels s JOIN lorikeet.labels r USING (pipeline, topic, "partition", "offset", produced_at)
            WHERE s.task = 'section' AND r.task = 'role' AND s.message_key IS NOT NULL
            ORDER BY s.labelled_at DESC, s."offset" DESC LIMIT $1
            """, [.integer(Int64(count))])
        return try result.rows.map { row in
            func labelled(_ task: String) throws -> String {
                guard let label = try row.optionalText(task) else { return "(abstained)" }
                return "\(label) \(Int((try row.double(task + "_score") * 100).rounded())) %"
            }
            return (try row.text("text"), try labelled("section"), try labelled("role"))
        }
    }

    func close() { connection.close() }
}

/// One run of the retraining path, as `retrainings` tells it.
struct DemoRetraining: Sendable {
    let verdict: String
    let reason: String
    let rows: Int
    let seconds: Double
}

/// The count at the end.
struct DemoAudit: Sendable {
    let messages: Int
    let labelled: Int
    let rejected: Int
    let lost: Int
    /// Rows of messages that nobody produced.
    let strangers: Int
    /// Rows that name a digest which the registry does not know.
    let unknownDigests: Int

    /// Messages with too few rows, too many, or rows in both tables.
    var doubled: Int { messages - labelled - rejected - lost }
    var holds: Bool { lost == 0 && doubled == 0 && strangers == 0 && unknownDigests == 0 && messages > 0 }
}

/// How often the catalogue agrees with one version of one task's adapter.
struct DemoAccuracy: Sendable {
    let task: String
    let version: Int
    let rows: Int
    let accuracy: Double
}
