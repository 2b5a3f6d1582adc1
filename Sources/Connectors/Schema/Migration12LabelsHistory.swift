extension Migration {
    /// What labels said before they were relabelled.
    static let labelsHistory = Migration(
        version: 12, name: "history of labels",
        statements: [
            """
            CREATE TABLE lorikeet.labels_history (
                pipeline        text              NOT NULL,
                topic           text              NOT NULL,
                "partition"     integer           NOT NULL,
                "offset"        bigint            NOT NULL,
                task            text              NOT NULL,
                produced_at     timestamptz       NOT NULL,
                label           text,
                labels          text[],
                score           double precision  NOT NULL,
                abstained       boolean           NOT NULL,
                adapter_digest  text              NOT NULL,
                dtype           text,
                labelled_at     timestamptz       NOT NULL,
                replaced_at     timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, topic, "partition", "offset", task, produced_at, labelled_at)
            )
            """,
            "CREATE INDEX labels_history_by_time ON lorikeet.labels_history USING brin (replaced_at)",
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels_history", nil,
            "A label that `lorikeet relabel --history` has replaced. The row in labels with the same key has the label "
                + "that counts."),
        SchemaComment("labels_history", "pipeline", "Name of the pipeline."),
        SchemaComment("labels_history", "topic", "Topic of the Kafka record."),
        SchemaComment("labels_history", "partition", "Partition of the Kafka record."),
        SchemaComment("labels_history", "offset", "Offset of the Kafka record."),
        SchemaComment("labels_history", "task", "The task that gave the label."),
        SchemaComment("labels_history", "produced_at", "Timestamp of the Kafka record; 1970-01-01 if it has none."),
        SchemaComment(
            "labels_history", "label", "The former label. Null if the task abstained, and for multi-label tasks."),
        SchemaComment(
            "labels_history", "labels",
            "The former set of labels of a multi-label task. Null if the task abstained, and for other tasks."),
        SchemaComment(
            "labels_history", "score", "Former probability of the best label, even if the task abstained."),
        SchemaComment("labels_history", "abstained", "Whether the task had given no label."),
        SchemaComment(
            "labels_history", "adapter_digest", "Digest of the adapter that gave the label; see adapters.digest."),
        SchemaComment(
            "labels_history", "dtype",
            "Type in which the base computed. Null in rows that an older version wrote: float32."),
        SchemaComment("labels_history", "labelled_at", "When the former label was written."),
        SchemaComment("labels_history", "replaced_at", "When another label replaced it."),
    ]
}
