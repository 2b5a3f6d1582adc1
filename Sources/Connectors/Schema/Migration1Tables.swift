extension Migration {
    /// The five tables.
    static let tables = Migration(
        version: 1, name: "labels, rejected, annotations, adapters, retrainings",
        statements: [
            """
            CREATE TABLE lorikeet.labels (
                pipeline        text              NOT NULL,
                topic           text              NOT NULL,
                "partition"     integer           NOT NULL,
                "offset"        bigint            NOT NULL,
                task            text              NOT NULL,
                produced_at     timestamptz       NOT NULL,
                message_key     bytea,
                label           text,
                labels          text[],
                score           double precision  NOT NULL,
                scores          jsonb             NOT NULL,
                abstained       boolean           NOT NULL DEFAULT false,
                adapter_digest  text              NOT NULL,
                text            text,
                labelled_at     timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, topic, "partition", "offset", task, produced_at),
                CONSTRAINT labels_score_is_a_probability CHECK (score >= 0 AND score <= 1),
                CONSTRAINT labels_has_a_label_or_abstained
                    CHECK (CASE WHEN abstained THEN label IS NULL ELSE label IS NOT NULL OR labels IS NOT NULL END)
            )
            """,
            "CREATE INDEX labels_by_time ON lorikeet.labels USING brin (labelled_at)",
            """
            CREATE TABLE lorikeet.rejected (
                pipeline        text              NOT NULL,
                topic           text              NOT NULL,
                "partition"     integer           NOT NULL,
                "offset"        bigint            NOT NULL,
                produced_at     timestamptz       NOT NULL,
                message_key     bytea,
                headers         jsonb,
                payload         bytea,
                stage           text              NOT NULL,
                reason          text              NOT NULL,
                rejected_at     timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, topic, "partition", "offset", produced_at),
                CONSTRAINT rejected_stage_is_known CHECK (stage IN ('decode', 'extract', 'route', 'classify', 'store'))
            )
            """,
            "CREATE INDEX rejected_by_time ON lorikeet.rejected (rejected_at)",
            """
            CREATE TABLE lorikeet.annotations (
                id              bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                task            text              NOT NULL,
                text            text              NOT NULL,
                label           text,
                labels          text[],
                annotator       text,
                source          text,
                topic           text,
                "partition"     integer,
                "offset"        bigint,
                created_at      timestamptz       NOT NULL DEFAULT now(),
                CONSTRAINT annotations_has_label_or_labels CHECK ((label IS NULL) <> (labels IS NULL))
            )
            """,
            "CREATE INDEX annotations_by_task_and_time ON lorikeet.annotations (task, created_at, id)",
            """
            CREATE TABLE lorikeet.adapters (
                task            text              NOT NULL,
                version         integer           NOT NULL,
                digest          text              NOT NULL,
                base_digest     text              NOT NULL,
                state           text              NOT NULL DEFAULT 'candidate',
                manifest        jsonb             NOT NULL,
                weights         bytea             NOT NULL,
                metrics         jsonb             NOT NULL DEFAULT '{}',
                parent_digest   text,
                created_at      timestamptz       NOT NULL DEFAULT now(),
                promoted_at     timestamptz,
                succession      integer,
                PRIMARY KEY (task, version),
                CONSTRAINT adapters_digest_once_per_task UNIQUE (task, digest),
                CONSTRAINT adapters_version_counts_from_one CHECK (version > 0),
                CONSTRAINT adapters_digest_is_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'),
                CONSTRAINT adapters_state_is_known CHECK (state IN ('candidate', 'live', 'retired', 'rejected')),
                CONSTRAINT adapters_live_was_promoted
                    CHECK (state <> 'live' OR promoted_at IS NOT NULL AND succession IS NOT NULL)
            )
            """,
            // Weights do not compress.
            "ALTER TABLE lorikeet.adapters ALTER COLUMN weights SET STORAGE EXTERNAL",
            "CREATE UNIQUE INDEX adapters_one_live_per_task ON lorikeet.adapters (task) WHERE state = 'live'",
            "CREATE INDEX adapters_by_digest ON lorikeet.adapters (digest)",
            """
            CREATE TABLE lorikeet.retrainings (
                id              bigint            GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                task            text              NOT NULL,
                trigger         text              NOT NULL,
                started_at      timestamptz       NOT NULL DEFAULT now(),
                finished_at     timestamptz,
                rows_used       bigint            NOT NULL DEFAULT 0,
                champion        text,
                challenger      text,
                verdict         text,
                reason          text,
                CONSTRAINT retrainings_verdict_is_known
                    CHECK (verdict IN ('promoted', 'rejected', 'skipped', 'failed')),
                CONSTRAINT retrainings_verdict_when_finished CHECK ((finished_at IS NULL) = (verdict IS NULL))
            )
            """,
            "CREATE INDEX retrainings_by_task_and_time ON lorikeet.retrainings (task, started_at)",
        ] + comments.map(\.statement))

    private static let comments: [SchemaComment] =
        labelComments + rejectedComments + annotationComments + adapterComments + retrainingComments

    private static let labelComments = [
        SchemaComment(
            "labels", nil,
            "The label or labels that one task gave one text. A text that is delivered again overwrites its own row."),
        SchemaComment("labels", "pipeline", "Name of the pipeline."),
        SchemaComment("labels", "topic", "Topic of the Kafka record."),
        SchemaComment("labels", "partition", "Partition of the Kafka record."),
        SchemaComment("labels", "offset", "Offset of the Kafka record."),
        SchemaComment("labels", "task", "The task that gave the label."),
        SchemaComment(
            "labels", "produced_at",
            "Timestamp of the Kafka record; 1970-01-01 if it has none. It is part of the key because a topic that "
                + "was deleted and created again starts at offset 0."),
        SchemaComment(
            "labels", "message_key",
            "Key of the Kafka record. convert_from(message_key, 'UTF8') shows it as text."),
        SchemaComment("labels", "label", "The label. Null if the task abstained, and for multi-label tasks."),
        SchemaComment(
            "labels", "labels",
            "The set of labels of a multi-label task. Null if the task abstained, and for other tasks."),
        SchemaComment("labels", "score", "Probability of the best label, even if the task abstained."),
        SchemaComment("labels", "scores", "Probability of every label: an object with a number per label."),
        SchemaComment("labels", "abstained", "Whether the best score was below the abstention threshold of the task."),
        SchemaComment("labels", "adapter_digest", "Digest of the adapter that labelled the text; see adapters.digest."),
        SchemaComment("labels", "text", "The text, if the pipeline stores texts. U+0000 is stored as U+FFFD."),
        SchemaComment("labels", "labelled_at", "When the row was last written."),
    ]

    private static let rejectedComments = [
        SchemaComment(
            "rejected", nil,
            "A record that could not be labelled or stored. The row is deleted once the record is labelled."),
        SchemaComment("rejected", "pipeline", "Name of the pipeline."),
        SchemaComment("rejected", "topic", "Topic of the Kafka record."),
        SchemaComment("rejected", "partition", "Partition of the Kafka record."),
        SchemaComment("rejected", "offset", "Offset of the Kafka record."),
        SchemaComment("rejected", "produced_at", "Timestamp of the Kafka record; 1970-01-01 if it has none."),
        SchemaComment("rejected", "message_key", "Key of the Kafka record."),
        SchemaComment(
            "rejected", "headers",
            "Headers of the Kafka record, in order: an array of {\"name\": text, \"base64\": value}. base64 is "
                + "missing if the value is null."),
        SchemaComment("rejected", "payload", "Payload of the Kafka record, byte for byte. Null if it was null."),
        SchemaComment(
            "rejected", "stage",
            "The stage that rejected the record: decode, extract, route, classify or store."),
        SchemaComment("rejected", "reason", "What is wrong, without any part of the text."),
        SchemaComment("rejected", "rejected_at", "When the row was last written."),
    ]

    private static let annotationComments = [
        SchemaComment(
            "annotations", nil,
            "Labelled rows to train on. To add one: INSERT INTO lorikeet.annotations (task, text, label) "
                + "VALUES (…)."),
        SchemaComment("annotations", "id", "Number of the row, given by the database."),
        SchemaComment("annotations", "task", "The task that the row trains."),
        SchemaComment("annotations", "text", "The text."),
        SchemaComment(
            "annotations", "label",
            "The correct label. Null for multi-label tasks, which use the column labels."),
        SchemaComment(
            "annotations", "labels",
            "The correct set of labels for a multi-label task; may be empty. Null for other tasks."),
        SchemaComment("annotations", "annotator", "Who labelled it; optional."),
        SchemaComment("annotations", "source", "The system that wrote the row; optional."),
        SchemaComment("annotations", "topic", "Topic of the Kafka record that the text came from; optional."),
        SchemaComment("annotations", "partition", "Partition of that record; optional."),
        SchemaComment("annotations", "offset", "Offset of that record; optional."),
        SchemaComment(
            "annotations", "created_at",
            "When the row was added. The daemon counts the rows added since the last retraining."),
    ]

    private static let adapterComments = [
        SchemaComment(
            "adapters", nil,
            "One version of a task's adapter. Change states only with `lorikeet adapters`, which also notifies "
                + "the daemons."),
        SchemaComment("adapters", "task", "The task that the adapter labels for."),
        SchemaComment("adapters", "version", "Number of the version within the task, from 1."),
        SchemaComment("adapters", "digest", "SHA-256 of manifest and weights. It identifies the adapter."),
        SchemaComment("adapters", "base_digest", "SHA-256 of the base that the adapter was trained over."),
        SchemaComment(
            "adapters", "state",
            "candidate, live (at most one per task), retired (was live) or rejected (lost to the champion, or "
                + "was rolled back)."),
        SchemaComment("adapters", "manifest", "Labels, LoRA configuration, base digest, temperature and thresholds."),
        SchemaComment("adapters", "weights", "The weights, as a safetensors file."),
        SchemaComment("adapters", "metrics", "Metrics of its evaluation: an object with a number per metric."),
        SchemaComment(
            "adapters", "parent_digest",
            "Digest of the champion when this version was trained. Null if there was none, or if this version was "
                + "imported."),
        SchemaComment("adapters", "created_at", "When the version was published."),
        SchemaComment("adapters", "promoted_at", "When it last went live."),
        SchemaComment(
            "adapters", "succession",
            "Place among the versions that were live, from the first to go live. A rollback makes the version with "
                + "the next lower place live and clears the place of the version that it rejects."),
    ]

    private static let retrainingComments = [
        SchemaComment("retrainings", nil, "One retraining: a run from labelled rows to a verdict."),
        SchemaComment("retrainings", "id", "Number of the retraining."),
        SchemaComment("retrainings", "task", "The task that was retrained."),
        SchemaComment(
            "retrainings", "trigger",
            "What started it: rows (enough new rows) or command (a person or a timer)."),
        SchemaComment("retrainings", "started_at", "When it started."),
        SchemaComment("retrainings", "finished_at", "When it ended. Null while it runs, or if its process was killed."),
        SchemaComment("retrainings", "rows_used", "Number of labelled rows that it used, held-out rows included."),
        SchemaComment("retrainings", "champion", "Digest of the adapter that was live; null if there was none."),
        SchemaComment("retrainings", "challenger", "Digest of the adapter that it trained; null if it trained none."),
        SchemaComment(
            "retrainings", "verdict",
            "promoted, rejected, skipped (too few rows to train or to compare) or failed. Null until the "
                + "retraining ends."),
        SchemaComment("retrainings", "reason", "The verdict in words."),
    ]
}
