extension Migration {
    /// What waits to be published in Kafka.
    static let outbox = Migration(
        version: 10, name: "outbox",
        statements: [
            """
            CREATE TABLE lorikeet.outbox (
                id              bigint            GENERATED ALWAYS AS IDENTITY,
                pipeline        text              NOT NULL,
                topic           text              NOT NULL,
                "partition"     integer           NOT NULL,
                "offset"        bigint            NOT NULL,
                produced_at     timestamptz       NOT NULL,
                kind            text              NOT NULL,
                revision        bigint            NOT NULL DEFAULT 1,
                stored_at       timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, id),
                CONSTRAINT outbox_holds_a_record_once UNIQUE (pipeline, topic, "partition", "offset", produced_at),
                CONSTRAINT outbox_kind_is_known CHECK (kind IN ('labels', 'rejected'))
            ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
                autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.2)
            """,
            "ALTER TABLE lorikeet.rejected DROP CONSTRAINT rejected_stage_is_known",
            // The old rows satisfied a narrower constraint: they need not be read.
            """
            ALTER TABLE lorikeet.rejected ADD CONSTRAINT rejected_stage_is_known
                CHECK (stage IN ('decode', 'extract', 'route', 'classify', 'store', 'publish')) NOT VALID
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "outbox", nil,
            "A record whose rows are stored and that is not published in Kafka yet. A daemon deletes the row when the "
                + "broker has acknowledged it. What is published is read from labels or rejected at that moment."),
        SchemaComment("outbox", "id", "Order of publication within a partition of the source."),
        SchemaComment("outbox", "pipeline", "Name of the pipeline."),
        SchemaComment("outbox", "topic", "Topic of the Kafka record that was read."),
        SchemaComment("outbox", "partition", "Partition of that record."),
        SchemaComment("outbox", "offset", "Offset of that record."),
        SchemaComment("outbox", "produced_at", "Timestamp of that record; 1970-01-01 if it has none."),
        SchemaComment(
            "outbox", "kind",
            "What is published: labels (to sink.kafka.topic) or rejected (to rejected.kafka.topic)."),
        SchemaComment(
            "outbox", "revision", "Grows when the record is stored again while it waits. It is then published again."),
        SchemaComment("outbox", "stored_at", "When the record's rows were stored first."),
        SchemaComment(
            "rejected", "stage",
            "The stage that rejected the record: decode, extract, route, classify, store, or publish. After publish, "
                + "the record has its labels, and payload is null."),
    ]
}
