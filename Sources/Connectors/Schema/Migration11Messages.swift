extension Migration {
    /// A text is stored once per message, whatever the number of tasks.
    ///
    /// ``TextMove`` moves the texts of older rows afterwards, while daemons run.
    static let messages = Migration(
        version: 11, name: "texts of messages",
        statements: [
            """
            CREATE TABLE lorikeet.messages (
                pipeline        text              NOT NULL,
                topic           text              NOT NULL,
                "partition"     integer           NOT NULL,
                "offset"        bigint            NOT NULL,
                produced_at     timestamptz       NOT NULL,
                message_key     bytea,
                text            text              NOT NULL,
                stored_at       timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, topic, "partition", "offset", produced_at)
            )
            """,
            // Roles that read or write labels, such as that of a daemon, may do the same here, without another grant.
            """
            DO $$
            DECLARE grantee text; privilege text;
            BEGIN
                FOR grantee, privilege IN
                    SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type
                    FROM pg_class AS c, aclexplode(c.relacl) AS a
                    WHERE c.oid = 'lorikeet.labels'::regclass
                        AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                LOOP
                    EXECUTE 'GRANT ' || privilege || ' ON lorikeet.messages TO ' || grantee;
                END LOOP;
            END $$
            """,
            "ALTER TABLE lorikeet.schema_migrations ADD COLUMN rows_moved_until timestamptz",
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "messages", nil,
            "The text of a Kafka record that has labels, once whatever the number of tasks. A record that is delivered "
                + "again overwrites its own row. The view labelled_texts shows labels with their texts."),
        SchemaComment("messages", "pipeline", "Name of the pipeline."),
        SchemaComment("messages", "topic", "Topic of the Kafka record."),
        SchemaComment("messages", "partition", "Partition of the Kafka record."),
        SchemaComment("messages", "offset", "Offset of the Kafka record."),
        SchemaComment("messages", "produced_at", "Timestamp of the Kafka record; 1970-01-01 if it has none."),
        SchemaComment("messages", "message_key", "Key of the Kafka record."),
        SchemaComment("messages", "text", "The text. U+0000 is stored as U+FFFD."),
        SchemaComment("messages", "stored_at", "When the row was last written."),
        SchemaComment(
            "labels", "text",
            "The text in rows that an older version wrote, until lorikeet migrate moves it to messages. Read texts in "
                + "the view labelled_texts."),
        SchemaComment(
            "schema_migrations", "rows_moved_until",
            "For a step that also moves rows, such as texts from labels to messages: rows that were written before "
                + "this time are moved. Null while none are, and for other steps."),
    ]
}
