import PostgresClient
import Training

/// What the demo does in the database as a user would: with SQL.
extension LabDatabase {
    /// Stores the catalogue's own answers in a table, so that labels can be compared with them in SQL.
    func storeCatalogue(_ packages: ArraySlice<CataloguePackage>) throws {
        try execute("CREATE TABLE public.catalogue (package text PRIMARY KEY, section text NOT NULL, role text)")
        try execute(
            "INSERT INTO public.catalogue SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
            [.texts(packages.map(\.name)), .texts(packages.map(\.section)), .texts(packages.map(\.role))])
    }

    /// Inserts labelled rows to train on.
    func annotate(task: String, _ rows: [LabelledText]) throws {
        try execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label, annotator, source)
            SELECT $1, text, label, 'demo', 'catalogue' FROM unnest($2::text[], $3::text[]) AS row (text, label)
            """, [.text(task), .texts(rows.map(\.text)), .texts(rows.map(\.label))])
    }

    /// The newest finished retraining of each task.
    func retrainings() throws -> [String: DemoRetraining] {
        let result = try execute(
            """
            SELECT DISTINCT ON (task) task, verdict, reason, rows_used,
                extract(epoch FROM finished_at - started_at)::float8 AS seconds
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
        let result = try execute("SELECT task, version FROM lorikeet.adapters WHERE state = 'live'")
        return Dictionary(
            try result.rows.map { (try $0.text("task"), Int(try $0.integer("version"))) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The version of the adapter that labelled the newest row of a task.
    func newestLabelVersion(task: String) throws -> Int? {
        let result = try execute(
            """
            SELECT a.version FROM lorikeet.labels l
            JOIN lorikeet.adapters a ON a.task = l.task AND a.digest = l.adapter_digest
            WHERE l.task = $1 ORDER BY l.labelled_at DESC LIMIT 1
            """, [.text(task)])
        return try result.first.map { Int(try $0.integer("version")) }
    }

    /// Messages that are labelled or rejected.
    func settled() throws -> Int {
        try number(
            """
            SELECT (SELECT count(*) FROM lorikeet.labels WHERE task = 'section')
                + (SELECT count(*) FROM lorikeet.rejected)
            """)
    }

    /// Compares every message that was produced with its rows.
    ///
    /// - Parameters:
    ///   - produced: messages per partition.
    ///   - tasks: how many rows a labelled message has.
    func audit(produced: [Int32: Int64], tasks: Int) throws -> DemoAudit {
        let partitions = produced.keys.sorted()
        let row = try execute(
            """
            WITH produced AS (
                SELECT p AS "partition", "offset"
                FROM unnest($1::int[], $2::bigint[]) AS t (p, n), generate_series(0, n - 1) AS "offset"),
            labelled AS (
                SELECT "partition", "offset", count(*) AS rows, count(DISTINCT task) AS tasks
                FROM lorikeet.labels GROUP BY "partition", "offset"),
            refused AS (
                SELECT "partition", "offset", count(*) AS rows FROM lorikeet.rejected GROUP BY "partition", "offset")
            SELECT
                count(*) AS messages,
                count(*) FILTER (WHERE l.rows = $3 AND l.tasks = $3 AND r.rows IS NULL) AS labelled,
                count(*) FILTER (WHERE l.rows IS NULL AND r.rows = 1) AS rejected,
                count(*) FILTER (WHERE l.rows IS NULL AND r.rows IS NULL) AS lost,
                (SELECT count(*) FROM lorikeet.labels l WHERE NOT EXISTS
                    (SELECT FROM lorikeet.adapters a WHERE a.digest = l.adapter_digest AND a.task = l.task))
                    AS unknown_digests,
                (SELECT count(*)
                    FROM (SELECT "partition", "offset" FROM labelled
                        UNION SELECT "partition", "offset" FROM refused) rows
                    WHERE NOT EXISTS (SELECT FROM produced p
                        WHERE p."partition" = rows."partition" AND p."offset" = rows."offset"))
                    AS strangers
            FROM produced
            LEFT JOIN labelled l USING ("partition", "offset")
            LEFT JOIN refused r USING ("partition", "offset")
            """,
            [
                .integers(partitions.map(Int64.init)), .integers(partitions.map { produced[$0] ?? 0 }),
                .integer(Int64(tasks)),
            ]
        ).first
        guard let row else { throw LabError("the count returned nothing") }
        func number(_ column: String) throws -> Int { Int(try row.integer(column)) }
        return DemoAudit(
            messages: try number("messages"), labelled: try number("labelled"), rejected: try number("rejected"),
            lost: try number("lost"), strangers: try number("strangers"), unknownDigests: try number("unknown_digests"))
    }

    /// The share of labels that agree with the catalogue, per version of each task.
    func accuracies() throws -> [DemoAccuracy] {
        let result = try execute(
            """
            SELECT l.task, a.version, count(*) AS rows,
                avg(coalesce(l.label = answer.label, false)::int)::float8 AS accuracy
            FROM lorikeet.labels l
            JOIN lorikeet.adapters a ON a.task = l.task AND a.digest = l.adapter_digest
            JOIN public.catalogue c ON c.package = convert_from(l.message_key, 'UTF8')
            CROSS JOIN LATERAL (SELECT CASE l.task WHEN 'section' THEN c.section ELSE c.role END AS label) AS answer
            WHERE answer.label IS NOT NULL
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
        let result = try execute(
            """
            SELECT stage, reason, count(*) AS count FROM lorikeet.rejected
            GROUP BY stage, reason ORDER BY stage, count DESC, reason
            """)
        return try result.rows.map { (try $0.text("stage"), try $0.text("reason"), Int(try $0.integer("count"))) }
    }

    /// The newest texts with both labels and their scores.
    func samples(_ count: Int) throws -> [(text: String, section: String, role: String)] {
        let result = try execute(
            """
            SELECT s.text, s.label AS section, s.score AS section_score, r.label AS role, r.score AS role_score
            FROM lorikeet.labelled_texts s
            JOIN lorikeet.labels r USING (pipeline, topic, "partition", "offset", produced_at)
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
}

/// One retraining, as the table `retrainings` tells it.
struct DemoRetraining: Sendable {
    let verdict: String
    let reason: String
    let rows: Int
    let seconds: Double
}

/// The count at the end of the demo, in messages unless it says rows.
struct DemoAudit: Sendable {
    let messages: Int
    let labelled: Int
    let rejected: Int
    let lost: Int
    /// Rows of messages that were never produced.
    let strangers: Int
    /// Rows with an adapter digest that the adapter store does not know.
    let unknownDigests: Int

    /// Messages with too few rows, too many rows, or rows in both tables.
    var doubled: Int { messages - labelled - rejected - lost }
    var holds: Bool { lost == 0 && doubled == 0 && strangers == 0 && unknownDigests == 0 && messages > 0 }
}

/// How often the labels of one version of one task agree with the catalogue.
struct DemoAccuracy: Sendable {
    let task: String
    let version: Int
    let rows: Int
    let accuracy: Double
}
