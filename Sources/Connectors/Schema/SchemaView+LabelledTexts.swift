extension SchemaView {
    /// `lorikeet.labelled_texts`: every label with its text, wherever that is stored.
    ///
    /// It has the columns that `labels` has when it is created, in their order, so that a column of a later step, or of
    /// a user's own, needs no change here. Where no column `text` is asked for, the planner leaves the join out.
    static let labelledTexts = SchemaView(
        name: "labelled_texts", version: Migration.messages.version,
        statements: [
            """
            DO $$
            BEGIN
                EXECUTE (
                    SELECT 'CREATE OR REPLACE VIEW lorikeet.labelled_texts AS SELECT '
                        || string_agg(CASE a.attname WHEN 'text' THEN 'coalesce(m.text, l.text) AS text'
                            ELSE format('l.%I', a.attname) END, ', ' ORDER BY a.attnum)
                        || ' FROM lorikeet.labels AS l LEFT JOIN lorikeet.messages AS m'
                        || ' USING (pipeline, topic, "partition", "offset", produced_at)'
                    FROM pg_attribute AS a
                    WHERE a.attrelid = 'lorikeet.labels'::regclass AND a.attnum > 0 AND NOT a.attisdropped);
            END $$
            """,
            """
            COMMENT ON VIEW lorikeet.labelled_texts IS 'The rows of labels with their texts, which are in messages. \
            Read texts here.'
            """,
            // The other columns mean what they mean in `labels`.
            """
            DO $$
            DECLARE name text; meaning text;
            BEGIN
                FOR name, meaning IN
                    SELECT a.attname, col_description(a.attrelid, a.attnum) FROM pg_attribute AS a
                    WHERE a.attrelid = 'lorikeet.labels'::regclass AND a.attnum > 0 AND NOT a.attisdropped
                LOOP
                    EXECUTE format('COMMENT ON COLUMN lorikeet.labelled_texts.%I IS %L', name, meaning);
                END LOOP;
            END $$
            """,
            """
            COMMENT ON COLUMN lorikeet.labelled_texts.text IS 'The text. Null if the pipeline does not store texts.'
            """,
        ])
}
