extension Migration {
    /// Challengers that label beside the champion before they go live.
    static let shadow = Migration(
        version: 6, name: "shadow labels",
        statements: [
            """
            CREATE TABLE lorikeet.shadow_labels (
                pipeline         text              NOT NULL,
                topic            text              NOT NULL,
                "partition"      integer           NOT NULL,
                "offset"         bigint            NOT NULL,
                task             text              NOT NULL,
                produced_at      timestamptz       NOT NULL,
                label            text,
                labels           text[],
                score            double precision  NOT NULL,
                scores           jsonb             NOT NULL,
                abstained        boolean           NOT NULL DEFAULT false,
                adapter_digest   text              NOT NULL,
                champion_digest  text              NOT NULL,
                champion_score   double precision  NOT NULL,
                change           text              NOT NULL,
                labelled_at      timestamptz       NOT NULL DEFAULT now(),
                PRIMARY KEY (pipeline, topic, "partition", "offset", task, produced_at),
                CONSTRAINT shadow_labels_score_is_a_probability CHECK (score >= 0 AND score <= 1),
                CONSTRAINT shadow_labels_champion_score_is_a_probability
                    CHECK (champion_score >= 0 AND champion_score <= 1),
                CONSTRAINT shadow_labels_has_a_label_or_abstained
                    CHECK (CASE WHEN abstained THEN label IS NULL ELSE label IS NOT NULL OR labels IS NOT NULL END),
                CONSTRAINT shadow_labels_change_is_known CHECK (change IN ('none', 'changed', 'expected'))
            )
            """,
            """
            CREATE INDEX shadow_labels_by_adapter ON lorikeet.shadow_labels (task, adapter_digest, labelled_at)
            """,
            """
            ALTER TABLE lorikeet.adapters
                DROP CONSTRAINT adapters_state_is_known,
                ADD COLUMN shadow_since  timestamptz,
                ADD COLUMN shadow        jsonb,
                ADD CONSTRAINT adapters_state_is_known
                    CHECK (state IN ('candidate', 'shadow', 'live', 'retired', 'rejected')),
                ADD CONSTRAINT adapters_shadow_has_terms
                    CHECK ((shadow IS NULL) = (shadow_since IS NULL) AND (state <> 'shadow' OR shadow IS NOT NULL))
            """,
            "CREATE UNIQUE INDEX adapters_one_shadow_per_task ON lorikeet.adapters (task) WHERE state = 'shadow'",
            """
            ALTER TABLE lorikeet.retrainings
                DROP CONSTRAINT retrainings_verdict_is_known,
                ADD CONSTRAINT retrainings_verdict_is_known
                    CHECK (verdict IN ('promoted', 'shadow', 'held', 'rejected', 'skipped', 'failed'))
            """,
            // Roles that write labels, such as that of a daemon, write these too, without another grant.
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
                    EXECUTE 'GRANT ' || privilege || ' ON lorikeet.shadow_labels TO ' || grantee;
                END LOOP;
            END $$
            """,
        ] + comments.map(\.statement))

    private static let comments = labelComments + otherComments

    private static let labelComments = [
        SchemaComment(
            "shadow_labels", nil,
            "The label or labels that a challenger in shadow gave a text beside the champion, for comparison only. "
                + "The row of labels with the same key is the champion's. `lorikeet adapters prune --shadow-labels` "
                + "deletes the rows of shadows that have ended."),
        SchemaComment("shadow_labels", "pipeline", "Name of the pipeline."),
        SchemaComment("shadow_labels", "topic", "Topic of the Kafka record."),
        SchemaComment("shadow_labels", "partition", "Partition of the Kafka record."),
        SchemaComment("shadow_labels", "offset", "Offset of the Kafka record."),
        SchemaComment("shadow_labels", "task", "The task that the challenger is for."),
        SchemaComment(
            "shadow_labels", "produced_at", "Timestamp of the Kafka record; 1970-01-01 if it has none."),
        SchemaComment(
            "shadow_labels", "label",
            "The challenger's label. Null if it would abstain, and for multi-label tasks."),
        SchemaComment(
            "shadow_labels", "labels",
            "The challenger's set of labels for a multi-label task. Null if it would abstain, and for other tasks."),
        SchemaComment("shadow_labels", "score", "Probability of the challenger's best label."),
        SchemaComment("shadow_labels", "scores", "Probability of every label: an object with a number per label."),
        SchemaComment(
            "shadow_labels", "abstained", "Whether the best score was below the abstention threshold of the task."),
        SchemaComment("shadow_labels", "adapter_digest", "Digest of the challenger; see adapters.digest."),
        SchemaComment("shadow_labels", "champion_digest", "Digest of the live adapter that labelled the same text."),
        SchemaComment("shadow_labels", "champion_score", "Probability of that adapter's best label."),
        SchemaComment(
            "shadow_labels", "change",
            "How the label differs from the champion's: none, changed, or expected (because the labels of the task "
                + "have changed)."),
        SchemaComment("shadow_labels", "labelled_at", "When the row was last written."),
    ]

    private static let otherComments = [
        SchemaComment(
            "adapters", "state",
            "candidate (not judged yet, or held), shadow (labels beside the live version; at most one per task), live "
                + "(at most one per task), retired (was live) or rejected (lost to the champion, or was rolled back)."),
        SchemaComment(
            "adapters", "shadow_since", "When its shadow began. Kept after the shadow has ended; null without one."),
        SchemaComment(
            "adapters", "shadow",
            "The terms of its shadow: an object with retraining, champion (a digest), seconds, changed_labels, "
                + "minimum_texts, awaits_approval and time_limit."),
        SchemaComment(
            "retrainings", "trigger",
            "What started it: rows, age, schedule, drift, command, or shadow (the shadow of a challenger ended; "
                + "nothing was trained)."),
        SchemaComment(
            "retrainings", "verdict",
            "promoted, shadow (won, and labels beside the champion first), held (the challenger stays a candidate and "
                + "is judged again, or waits for a person), rejected, skipped (nothing to train or judge) or failed. "
                + "Null until it ends."),
    ]
}
