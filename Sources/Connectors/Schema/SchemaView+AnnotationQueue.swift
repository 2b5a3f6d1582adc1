extension SchemaView {
    /// `lorikeet.annotation_queue`: what to label next.
    static let annotationQueue = SchemaView(
        name: "annotation_queue", version: Migration.messages.version,
        statements: [
            """
            CREATE OR REPLACE VIEW lorikeet.annotation_queue AS
            SELECT l.task, l.pipeline, l.topic, l."partition", l."offset", l.produced_at, l.text, l.label, l.labels,
                l.score, l.scores, l.abstained, l.adapter_digest, l.labelled_at, m.margin
            FROM lorikeet.labelled_texts AS l
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
            """
            COMMENT ON VIEW lorikeet.annotation_queue IS 'Stored texts of labels that have no annotation yet, the \
            least certain first. A text that occurs in several records occurs as often. `lorikeet annotations queue` \
            also spreads the texts over different kinds.'
            """,
            """
            COMMENT ON COLUMN lorikeet.annotation_queue.margin IS 'How sure the adapter is, from 0 to 1: the best \
            score minus the second. In a multi-label task: the least distance of a score from 0.5, doubled.'
            """,
        ])
}
