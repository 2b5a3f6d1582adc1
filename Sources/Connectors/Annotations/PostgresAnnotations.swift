import FoundationEssentials
import PostgresClient
import Serving

/// What to label next, and the answers: `lorikeet.annotation_queue` and `lorikeet.annotations`.
public struct PostgresAnnotations: Closable {
    private let session: PostgresSession

    /// How long a statement may take that reads a window of `labels`.
    private static let patience = Duration.seconds(600)

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "annotations") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    // MARK: - What to label next

    /// The window of a task's newest labels with text.
    ///
    /// - Parameters:
    ///   - limit: at most so many labels.
    ///   - since: none that is older.
    public func window(task: String, limit: Int, since: Date?) async throws(ConnectorError) -> LabelWindow {
        try await session.run("reading labels") { connection in
            let row = try connection.execute(
                """
                SELECT count(*) AS rows, count(text) AS texts, min(labelled_at)::text AS oldest FROM (
                    SELECT text, labelled_at FROM lorikeet.labelled_texts
                    WHERE task = $1 AND ($3::double precision IS NULL OR labelled_at >= to_timestamp($3))
                    ORDER BY labelled_at DESC LIMIT $2::bigint
                ) AS newest
                """, [.text(task), .integer(Int64(max(limit, 0))), ExactTime.parameter(since)], within: Self.patience
            ).first
            return LabelWindow(
                task: task, rows: Int(try row?.integer("rows") ?? 0), texts: Int(try row?.integer("texts") ?? 0),
                oldest: try row?.optionalText("oldest"))
        }
    }

    /// How often each label was given in the older and in the newer half of a window.
    public func labelCounts(_ window: LabelWindow) async throws(ConnectorError) -> [LabelShareCount] {
        guard let oldest = window.oldest else { return [] }
        return try await session.run("counting labels") { connection in
            let result = try connection.execute(
                """
                SELECT given.label, count(*) FILTER (WHERE half = 1) AS older, count(*) FILTER (WHERE half = 2) AS newer
                FROM (
                    SELECT coalesce(labels, ARRAY[label]) AS labels,
                        ntile(2) OVER (ORDER BY labelled_at, topic, "partition", "offset") AS half
                    FROM lorikeet.labels
                    WHERE task = $1 AND labelled_at >= $2::timestamptz AND NOT abstained
                ) AS l CROSS JOIN LATERAL unnest(l.labels) AS given(label)
                GROUP BY given.label ORDER BY given.label
                """, [.text(window.task), .text(oldest)], within: Self.patience)
            return try result.rows.map { row in
                LabelShareCount(
                    label: try row.text("label"), older: Int(try row.integer("older")),
                    newer: Int(try row.integer("newer")))
            }
        }
    }

    /// Texts of a window without an annotation, each once, the least certain first.
    ///
    /// - Parameters:
    ///   - urgent: only texts that were abstained on or have one of these labels; nil: only the others.
    ///   - labels: the labels that make a text urgent.
    public func unlabelled(
        _ window: LabelWindow, urgent: Bool, labels: [String], limit: Int
    ) async throws(ConnectorError) -> [UnlabelledText] {
        guard let oldest = window.oldest else { return [] }
        return try await session.run("reading the annotation queue") { connection in
            let result = try connection.execute(
                """
                SELECT * FROM (
                    SELECT DISTINCT ON (q.text) q.pipeline, q.topic, q."partition", q."offset", q.text, q.label,
                        q.labels, q.scores, q.abstained, coalesce(q.margin, 0) AS margin, q.adapter_digest
                    FROM lorikeet.annotation_queue AS q
                    WHERE q.task = $1 AND q.labelled_at >= $2::timestamptz
                    ORDER BY q.text, q.margin, q.topic, q."partition", q."offset"
                ) AS texts
                WHERE (abstained OR coalesce(labels, ARRAY[label]) && $3::text[]) = $4
                ORDER BY margin, topic, "partition", "offset" LIMIT $5::bigint
                """,
                [
                    .text(window.task), .text(oldest), .texts(labels), .boolean(urgent),
                    .integer(Int64(max(limit, 0))),
                ], within: Self.patience)
            return try result.rows.map { try UnlabelledText($0) }
        }
    }

    /// Calls the body with all annotated texts of a task, some thousands at a time.
    public func forEachText(
        task: String, _ body: @Sendable ([String]) -> Void
    ) async throws(ConnectorError) {
        var last: Int64 = 0
        while true {
            let after = last
            let page = try await session.run("reading annotations") { connection in
                let rows = try connection.execute(
                    """
                    SELECT id, text FROM lorikeet.annotations WHERE task = $1 AND id > $2::bigint
                    ORDER BY id LIMIT 5000
                    """, [.text(task), .integer(after)], within: Self.patience
                ).rows
                return try rows.map { (id: try $0.integer("id"), text: try $0.text("text")) }
            }
            guard let newest = page.last?.id else { return }
            body(page.map(\.text))
            last = newest
        }
    }

    // MARK: - Answers

    /// Whether the live adapter of a task gives sets of labels; nil without a live adapter.
    public func liveAdapterIsMultiLabel(task: String) async throws(ConnectorError) -> Bool? {
        try await session.run("reading the live adapter") { connection in
            try connection.execute(
                """
                SELECT coalesce((manifest ->> 'multi_label')::boolean, false) AS multi_label
                FROM lorikeet.adapters WHERE task = $1 AND state = 'live'
                """, [.text(task)]
            ).first?.boolean("multi_label")
        }
    }

    /// Adds answers in one transaction. An answer that is there already is not added again, and two imports of one task
    /// at once wait for each other.
    ///
    /// With a time, an answer is the same if task, text, labels, annotator and time are. Without one, it is the same if
    /// the newest annotation of the text by this annotator has these labels: so an annotator may still change the mind
    /// and change it back.
    ///
    /// - Returns: how many were added.
    public func add(_ answers: [AnnotationAnswer], task: String, source: String) async throws(ConnectorError) -> Int {
        try await session.run("adding annotations") { connection in
            try connection.transaction {
                try connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended('lorikeet annotations ' || $1::text, 0))",
                    [.text(task)],
                    within: Self.patience)
                var added = 0
                for answer in answers {
                    added += try connection.execute(
                        Self.insertion,
                        [
                            .text(task), .text(StorableText.text(answer.text)),
                            answer.isSet ? .null : .text(answer.labels.first ?? ""),
                            answer.isSet ? .texts(answer.labels) : .null,
                            answer.annotator.map { .text(StorableText.text($0)) } ?? .null, .text(source),
                            answer.origin.map { .text(StorableText.text($0.topic)) } ?? .null,
                            answer.origin.map { .integer(Int64($0.partition)) } ?? .null,
                            answer.origin.map { .integer($0.offset) } ?? .null,
                            ExactTime.parameter(answer.answeredAt),
                        ]
                    ).affectedRows
                }
                return added
            }
        }
    }

    /// `clock_timestamp`, so that answers without a time keep the order of the file.
    private static let insertion = """
        INSERT INTO lorikeet.annotations (
            task, text, label, labels, annotator, source, topic, "partition", "offset", answered_at, created_at)
        SELECT $1::text, $2::text, $3::text, $4::text[], $5::text, $6::text, $7::text, $8::integer, $9::bigint,
            to_timestamp($10::double precision), clock_timestamp()
        WHERE NOT EXISTS (
            SELECT FROM (
                SELECT a.label, a.labels FROM lorikeet.annotations AS a
                WHERE a.task = $1 AND hashtextextended(a.text, 0) = hashtextextended($2, 0) AND a.text = $2
                    AND a.annotator IS NOT DISTINCT FROM $5
                    AND ($10::double precision IS NULL OR a.answered_at = to_timestamp($10::double precision))
                ORDER BY a.created_at DESC, a.id DESC
                LIMIT CASE WHEN $10::double precision IS NULL THEN 1::bigint END
            ) AS known
            WHERE known.label IS NOT DISTINCT FROM $3 AND known.labels IS NOT DISTINCT FROM $4::text[]
        )
        """
}
