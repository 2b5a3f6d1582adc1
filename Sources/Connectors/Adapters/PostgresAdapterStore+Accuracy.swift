import Drift
import PostgresClient

/// Labels of one adapter beside what annotators said later.
extension PostgresAdapterStore {
    /// Among how many of a task's newest annotations it looks for texts that the adapter labelled.
    public static let measuredAnnotations = 1_000

    /// Which of these tasks got an annotation within this time. One statement, however many tasks there are: every
    /// daemon asks often, and almost always nothing is new.
    public func annotatedTasks(among tasks: [String], within age: Duration) async throws -> Set<String> {
        try await session.run("reading which tasks were annotated") { connection in
            let result = try connection.execute(
                """
                SELECT t.name FROM unnest($1::text[]) AS t(name) WHERE EXISTS (
                    SELECT FROM lorikeet.annotations AS a
                    WHERE a.task = t.name
                        AND a.created_at >= statement_timestamp() - $2::bigint * interval '1 second')
                """, [.texts(tasks), .integer(age.components.seconds)])
            return Set(try result.rows.map { try $0.text("name") })
        }
    }

    /// The texts of the newest annotations that an adapter had labelled before, in groups of equal labels.
    ///
    /// An annotation belongs to a text by the origin of its record. A source that begins with `random` says that the
    /// text was chosen at random.
    public func annotatedLabels(task: String, digest: String) async throws -> [MeasuredAccuracy.Group] {
        try await session.runCancellable("reading annotated labels") { connection in
            let result = try connection.readOnlyTransaction {
                // The planner expects a hundred pipelines, and compiling for them takes longer than the query.
                try connection.execute("SELECT set_config('jit', 'off', true)")
                return try connection.execute(
                    Self.annotatedLabels, [.text(task), .text(digest), .integer(Int64(Self.measuredAnnotations))])
            }
            return try result.rows.map { row in
                MeasuredAccuracy.Group(
                    given: try row.texts("given").compactMap(\.self),
                    annotated: try row.texts("annotated").compactMap(\.self),
                    sample: try row.boolean("is_random") ? .random : .chosen, texts: Int(try row.integer("texts")))
            }
        }
    }

    /// Every lookup in `labels`, which may be large, is one in its primary key. That begins with the pipeline, so the
    /// names of the pipelines are found first, by one lookup each. A topic that was created again may have another
    /// text at the same offset. A set that the daemon abstained from is unknown.
    private static let annotatedLabels = """
        WITH RECURSIVE pipelines(name) AS (
            (SELECT pipeline FROM lorikeet.labels ORDER BY pipeline LIMIT 1)
            UNION ALL
            SELECT (SELECT l.pipeline FROM lorikeet.labels AS l WHERE l.pipeline > p.name ORDER BY l.pipeline LIMIT 1)
            FROM pipelines AS p WHERE p.name IS NOT NULL
        ), newest AS (
            SELECT * FROM lorikeet.annotations
            WHERE task = $1 AND topic IS NOT NULL AND "partition" IS NOT NULL AND "offset" IS NOT NULL
            ORDER BY created_at DESC, id DESC LIMIT $3::bigint
        ), answers AS (
            SELECT DISTINCT ON (topic, "partition", "offset") *
            FROM newest ORDER BY topic, "partition", "offset", created_at DESC, id DESC
        )
        SELECT given, annotated, is_random, count(*) AS texts FROM (
            SELECT coalesce(l.labels, ARRAY[coalesce(l.label, (
                    SELECT e.key FROM jsonb_each_text(l.scores) AS e
                    ORDER BY e.value::double precision DESC, e.key LIMIT 1))]) AS given,
                coalesce(a.labels, ARRAY[a.label]) AS annotated,
                coalesce(lower(a.source) LIKE 'random%', false) AS is_random
            FROM answers AS a CROSS JOIN pipelines AS p CROSS JOIN LATERAL (
                SELECT * FROM lorikeet.labelled_texts AS l
                WHERE l.pipeline = p.name AND l.topic = a.topic AND l."partition" = a."partition"
                    AND l."offset" = a."offset" AND l.task = $1 AND l.adapter_digest = $2
                    AND l.labelled_at < a.created_at AND (l.text IS NULL OR l.text = a.text)
                ORDER BY l.produced_at DESC LIMIT 1
            ) AS l
            WHERE NOT (l.abstained AND a.labels IS NOT NULL)
        ) AS t
        GROUP BY given, annotated, is_random ORDER BY given, annotated, is_random
        """
}
