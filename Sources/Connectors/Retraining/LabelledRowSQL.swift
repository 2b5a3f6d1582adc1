import PostgresClient
import Retraining
import Serving
import Threading

/// The SQL that reads a task's labelled rows: from `lorikeet.annotations`, or from the user's own SELECT.
///
/// Both are a relation `r` with the same columns. `$1` is the task; for several tasks, an array of them.
struct LabelledRowSQL {
    /// The expression for the task.
    private let task: String
    private let relation: String
    /// Columns that the relation has.
    private let columns: Set<String>
    private let hasInteger: Bool
    private let selection: LabelledRowSelection

    /// The annotations of a task.
    init(annotations selection: LabelledRowSelection) { self.init(annotations: selection, ofTask: "$1") }

    /// The annotations of several tasks, for statements that give a row per task.
    init(annotationsOfTasks selection: LabelledRowSelection) { self.init(annotations: selection, ofTask: "t.name") }

    private init(annotations selection: LabelledRowSelection, ofTask task: String) {
        self.selection = selection
        self.task = task
        relation = """
            SELECT id, text, label, labels, created_at AS "time", annotator, source FROM lorikeet.annotations
            WHERE task = \(task)
            """
        (columns, hasInteger) = (["id", "text", "label", "labels", "time", "annotator", "source"], true)
    }

    /// The user's own SELECT, whose columns the database has to say.
    init(query: String, _ selection: LabelledRowSelection, on connection: BoundedConnection, task: String) throws {
        self.selection = selection
        self.task = "$1"
        relation = Self.withoutSemicolon(query)
        let start = "SELECT * FROM (\(relation)\n) AS q WHERE $1::text IS NOT NULL LIMIT 0"
        columns = Set(try connection.execute(start, [.text(task)]).columns)
        if let problem = Self.missingColumns(columns) { throw LabelledRowQueryError(problem) }
        let types = try connection.execute(
            """
            SELECT pg_typeof(r."time")::text AS time, \(columns.contains("id") ? "pg_typeof(r.id)::text" : "NULL") AS id
            FROM (SELECT 1) AS one LEFT JOIN (\(start)) AS r ON true
            """, [.text(task)]
        ).first
        let time = try types?.optionalText("time") ?? ""
        guard ["timestamp with time zone", "timestamp without time zone", "date"].contains(time) else {
            throw LabelledRowQueryError("column time is of type \(time); cast it, as in created::timestamptz AS time")
        }
        hasInteger = ["smallint", "integer", "bigint"].contains(try types?.optionalText("id") ?? "")
    }

    private static func withoutSemicolon(_ query: String) -> String {
        String(query.reversed().drop { $0.isWhitespace || $0 == ";" }.reversed())
    }

    private static func missingColumns(_ columns: Set<String>) -> String? {
        let missing =
            ["text", "time"].filter { !columns.contains($0) }
            + (columns.isDisjoint(with: ["label", "labels"]) ? ["label or labels"] : [])
        guard !missing.isEmpty else { return nil }
        return "no column \(missing.joined(separator: ", no column ")); the columns are "
            + columns.sorted().joined(separator: ", ")
    }

    // MARK: - Statements

    /// The newest rows first, `$2` of them at most.
    var rows: String {
        """
        SELECT r.text::text AS text, \(labels) AS labels, extract(epoch FROM \(time))::double precision AS time,
            \(hasInteger ? "r.id::bigint" : "NULL::bigint") AS id, \(optional("annotator")) AS annotator,
            \(optional("source")) AS source
        FROM (\(relation)
        ) AS r WHERE $1::text IS NOT NULL \(window) ORDER BY \(order) LIMIT $2::bigint
        """
    }

    /// The number of rows per labels among the newest ones, `$2` of them at most: the most frequent labels first. Of
    /// these, `replaced` have a newer row of the same text; a draft replaces no row of a person.
    ///
    /// Texts are compared by their hashes, without blanks around them and in lower case.
    var groups: String {
        let text = "btrim(r.text::text, E' \\t\\r\\n')"
        let source = optional("source")
        return """
            SELECT CASE WHEN length(w.labels) > 4000 THEN to_jsonb(left(w.labels, 4000))::text ELSE w.labels END
                    AS labels,
                w.defect, w.is_empty::int AS is_empty, count(*) AS rows,
                count(*) FILTER (WHERE w.place > 1 AND NOT w.is_empty) AS replaced
            FROM (
                SELECT v.labels, v.is_empty, v.defect,
                    row_number() OVER (
                        PARTITION BY v.hash, v.is_draft ORDER BY v.at DESC NULLS LAST, v.tie DESC) AS place
                FROM (
                    SELECT \(labels)::text AS labels, r.text IS NULL OR \(text) = '' AS is_empty,
                        CASE WHEN r.text IS NULL THEN 'text' WHEN r."time" IS NULL THEN 'time' END AS defect,
                        hashtextextended(lower(\(text)), 0) AS hash, \(time) AS at,
                        \(hasInteger ? "r.id" : "r.text::text") AS tie,
                        coalesce(\(source) = 'draft' OR \(source) LIKE 'draft:%', false) AS is_draft
                    FROM (\(relation)
                    ) AS r WHERE \(task)::text IS NOT NULL \(window) ORDER BY \(order) LIMIT $2::bigint
                ) AS v
            ) AS w GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 10000
            """
    }

    /// ``groups`` of each task of the array `$1`.
    var groupsPerTask: String {
        """
        SELECT t.name, g.labels, g.defect, g.is_empty, g.rows, g.replaced
        FROM unnest($1::text[]) AS t(name) CROSS JOIN LATERAL (\(groups)) AS g ORDER BY t.name, g.rows DESC
        """
    }

    /// The rows that the next retraining of the task has to consider: those added since its last one started.
    ///
    /// A retraining counts if it trained: judging a held challenger again does not, and neither does promoting one that
    /// won and waited.
    ///
    /// A row of the future does not count: it would start one retraining after the other until its time has come. Nor
    /// does a retraining of the future, from before the clock was set back: no row would be new until then.
    /// The end of a shadow considered no rows.
    var newRows: String {
        """
        SELECT count(*) AS rows FROM (\(relation)
        ) AS r WHERE \(time) <= clock_timestamp() \(window) AND \(time) > coalesce(
            (SELECT CASE last.verdict WHEN 'held' THEN last.started_at ELSE (
                SELECT max(training.started_at) FROM lorikeet.retrainings AS training
                WHERE training.task = \(task) AND training.verdict IN ('promoted', 'shadow', 'held', 'rejected')
                    AND training.trigger <> 'shadow'
                    AND training.started_at <= clock_timestamp() AND training.looks <= 1 AND NOT EXISTS (
                        SELECT FROM lorikeet.retrainings AS earlier
                        WHERE earlier.task = \(task) AND earlier.id < training.id AND earlier.verdict = 'held'
                            AND earlier.challenger_version = training.challenger_version)) END
             FROM lorikeet.retrainings AS last
             WHERE last.task = \(task) AND last.verdict IN ('promoted', 'shadow', 'held', 'rejected')
                AND last.trigger <> 'shadow'
                AND last.started_at <= clock_timestamp()
             ORDER BY last.id DESC LIMIT 1), '-infinity')
        """
    }

    /// ``newRows`` of each task of the array `$1`.
    var newRowsPerTask: String {
        "SELECT t.name, (\(newRows)) AS rows FROM unnest($1::text[]) AS t(name)"
    }

    // MARK: - Expressions

    private var isQuery: Bool { selection.query != nil }

    private var time: String { isQuery ? "(r.\"time\")::timestamptz" : "r.\"time\"" }

    /// A row without time comes last. `NULLS LAST` would keep the index of annotations from being used.
    private var order: String {
        let time = isQuery ? "\(time) DESC NULLS LAST" : "\(time) DESC"
        return time + (hasInteger ? ", r.id DESC" : ", r.text::text DESC")
    }

    private var window: String {
        guard let since = selection.since else { return "" }
        // Stable within a statement, so that the index of annotations gives the bound.
        let start = "statement_timestamp() - \(since.inSeconds) * interval '1 second'"
        return isQuery ? "AND (r.\"time\" IS NULL OR \(time) >= \(start))" : "AND \(time) >= \(start)"
    }

    /// JSON, in which each type of column says what it holds.
    private var labels: String {
        let names = ["label", "labels"].filter(columns.contains).map { "to_jsonb(r.\($0))" }
        return "coalesce(\(names.joined(separator: ", ")))"
    }

    private func optional(_ column: String) -> String {
        columns.contains(column) ? "r.\(column)::text" : "NULL::text"
    }
}

/// What is wrong with `retrain.query`.
struct LabelledRowQueryError: Error, CustomStringConvertible {
    let description: String

    init(_ problem: String) { description = "retrain.query: \(problem)" }

    /// Why the server refused the query; nil if something else failed, as when the server is unavailable.
    init?(_ error: PostgresError) {
        guard error.kind == .server, !error.isConnectionLoss, let state = error.sqlState else { return nil }
        switch state {
        case "25006": self.init("it changes data, but runs in a read-only transaction: \(error.message)")
        case "42501": self.init("the role that the daemon connects as may not run it: \(error.message)")
        case "0A000": self.init("WITH that changes data is refused")
        case _ where ["40", "53", "55", "57", "58"].contains(state.prefix(2)): return nil
        case _ where state.hasPrefix("22"): self.init("a value of a row cannot be converted [SQLSTATE \(state)]")
        default:
            self.init("must be one SELECT with columns text, label or labels, time: \(FailureReason.text(of: error))")
        }
    }
}
