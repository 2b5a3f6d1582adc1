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
                CONSTRAINT adapters_digest_once_a_task UNIQUE (task, digest),
                CONSTRAINT adapters_version_counts_from_one CHECK (version > 0),
                CONSTRAINT adapters_digest_is_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'),
                CONSTRAINT adapters_state_is_known CHECK (state IN ('candidate', 'live', 'retired', 'rejected')),
                CONSTRAINT adapters_live_was_promoted CHECK (state <> 'live' OR promoted_at IS NOT NULL AND succession IS NOT NULL)
            )
            """,
            // Weights are random bits to a compressor.
            "ALTER TABLE lorikeet.adapters ALTER COLUMN weights SET STORAGE EXTERNAL",
            "CREATE UNIQUE INDEX adapters_one_live_a_task ON lorikeet.adapters (task) WHERE state = 'live'",
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
                CONSTRAINT retrainings_verdict_is_known CHECK (verdict IN ('promoted', 'rejected', 'skipped', 'failed')),
                CONSTRAINT retrainings_verdict_when_finished CHECK ((finished_at IS NULL) = (verdict IS NULL))
            )
            """,
            "CREATE INDEX retrainings_by_task_and_time ON lorikeet.retrainings (task, started_at)",
        ] + comments.map(\.statement))

    private static let comments: [SchemaComment] =
        labelComments + rejectedComments + annotationComments + adapterComments + retrainingComments

    private static let labelComments = [
        SchemaComment(
            "labels", nil, "One label of one text by one task. Delivered again, a text overwrites its own row."),
        SchemaComment("labels", "pipeline", "Name in the pipeline file."),
        SchemaComment("labels", "offset", "With topic and partition: where the text stood in Kafka."),
        SchemaComment(
            "labels", "produced_at",
            "Timestamp of the Kafka record; 1970-01-01 if it has none. Part of the key: a topic made anew starts again at offset 0."
        ),
        SchemaComment(
            "labels", "message_key", "Key of the Kafka record: convert_from(message_key, 'UTF8') shows it as text."),
        SchemaComment("labels", "label", "Null where the daemon abstained, and for tasks with several labels a text."),
        SchemaComment("labels", "labels", "The set of labels, for tasks with several labels a text."),
        SchemaComment("labels", "score", "Probability of the best label, also where the daemon abstained."),
        SchemaComment("labels", "scores", "Probability of every label, as an object."),
        SchemaComment("labels", "abstained", "The best score was below the task's abstain_below."),
        SchemaComment("labels", "adapter_digest", "The adapter that said so: adapters.digest."),
        SchemaComment("labels", "text", "The text itself, if the pipeline stores texts; U+0000 is kept as U+FFFD."),
        SchemaComment("labels", "labelled_at", "When this row was written last."),
    ]

    private static let rejectedComments = [
        SchemaComment(
            "rejected", nil, "One message that could not be labelled or stored. Labelled later, its row here goes away."
        ),
        SchemaComment("rejected", "produced_at", "Timestamp of the Kafka record; 1970-01-01 if it has none."),
        SchemaComment(
            "rejected", "headers",
            "Headers of the Kafka record in order: [{\"name\": text, \"base64\": value, missing if null}]."),
        SchemaComment("rejected", "payload", "The record's payload, byte for byte; null if that was null."),
        SchemaComment("rejected", "stage", "Where it failed: decode, extract, route, classify or store."),
        SchemaComment("rejected", "reason", "What was wrong, without any piece of the text."),
    ]

    private static let annotationComments = [
        SchemaComment(
            "annotations", nil,
            "Labelled rows to learn from. Add yours: INSERT INTO lorikeet.annotations (task, text, label) VALUES (…)."),
        SchemaComment(
            "annotations", "label", "The right label; for tasks with several labels a text, fill labels instead."),
        SchemaComment("annotations", "labels", "The right set of labels, for tasks with several labels a text."),
        SchemaComment("annotations", "annotator", "Who said so; optional."),
        SchemaComment("annotations", "source", "Which system wrote the row; optional."),
        SchemaComment("annotations", "offset", "With topic and partition: where the text stood in Kafka; optional."),
    ]

    private static let adapterComments = [
        SchemaComment(
            "adapters", nil,
            "One version of one task's adapter. Change states with `lorikeet adapters`, which also tells the daemons."),
        SchemaComment("adapters", "digest", "SHA-256 of manifest and weights: the identity of the adapter."),
        SchemaComment("adapters", "base_digest", "The base that it was trained on."),
        SchemaComment(
            "adapters", "state",
            "candidate, live (one a task), retired (was live) or rejected (lost against the live one)."),
        SchemaComment("adapters", "manifest", "Labels, LoRA configuration, origin."),
        SchemaComment("adapters", "weights", "A safetensors file."),
        SchemaComment("adapters", "metrics", "Figures of its evaluation, as an object of numbers."),
        SchemaComment("adapters", "parent_digest", "The adapter that its training started from."),
        SchemaComment("adapters", "promoted_at", "When it went live last."),
        SchemaComment(
            "adapters", "succession",
            "Its place among the versions that were live; a rollback goes to the next lower one and clears that of the one it takes back."
        ),
    ]

    private static let retrainingComments = [
        SchemaComment("retrainings", nil, "One run of the retraining path."),
        SchemaComment("retrainings", "trigger", "What set it off."),
        SchemaComment("retrainings", "finished_at", "Null while it runs, or if it was killed."),
        SchemaComment("retrainings", "rows_used", "Labelled rows it learned from."),
        SchemaComment("retrainings", "champion", "Digest of the adapter that was live."),
        SchemaComment("retrainings", "challenger", "Digest of the adapter that was trained."),
        SchemaComment("retrainings", "verdict", "promoted, rejected, skipped (nothing to train with) or failed."),
        SchemaComment("retrainings", "reason", "The verdict in words."),
    ]
}
