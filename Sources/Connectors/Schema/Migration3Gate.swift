extension Migration {
    /// Training rows and promotions of adapters; held challengers and reports of retrainings.
    static let gate = Migration(
        version: 3, name: "training rows, promotions, held challengers",
        statements: [
            """
            ALTER TABLE lorikeet.adapters
                ALTER COLUMN weights DROP NOT NULL,
                ADD COLUMN training_rows     bytea,
                ADD COLUMN training_range    jsonb,
                ADD COLUMN promoted_by       text,
                ADD COLUMN promotion_reason  text,
                ADD CONSTRAINT adapters_only_old_ones_are_pruned
                    CHECK (weights IS NOT NULL OR state IN ('retired', 'rejected')),
                ADD CONSTRAINT adapters_training_rows_are_hashes CHECK (length(training_rows) % 4 = 0),
                ADD CONSTRAINT adapters_training_rows_have_a_range
                    CHECK ((training_rows IS NULL) = (training_range IS NULL))
            """,
            // Hashes do not compress.
            "ALTER TABLE lorikeet.adapters ALTER COLUMN training_rows SET STORAGE EXTERNAL",
            """
            ALTER TABLE lorikeet.retrainings
                DROP CONSTRAINT retrainings_verdict_is_known,
                ADD COLUMN challenger_version  integer,
                ADD COLUMN looks               integer  NOT NULL DEFAULT 0,
                ADD COLUMN training_digest     text,
                ADD COLUMN report              jsonb,
                ADD CONSTRAINT retrainings_verdict_is_known
                    CHECK (verdict IN ('promoted', 'held', 'rejected', 'skipped', 'failed')),
                ADD CONSTRAINT retrainings_looks_count_from_zero CHECK (looks >= 0)
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "adapters", "state",
            "candidate (not judged yet, or held), live (at most one per task), retired (was live) or rejected "
                + "(lost to the champion, or was rolled back)."),
        SchemaComment("adapters", "weights", "A safetensors file. Null once `lorikeet adapters prune` removed it."),
        SchemaComment(
            "adapters", "training_rows",
            "The first 32 bits of the hash of each text it was trained on, ascending, 4 bytes each. Null if they are "
                + "unknown."),
        SchemaComment(
            "adapters", "training_range",
            "Their number, the SHA-256 over training_rows, and time and id of the oldest and newest one. Null if "
                + "training_rows is."),
        SchemaComment(
            "adapters", "promoted_by",
            "Who or what made it live last: a person with host, retraining ID, or pipeline file. Null if it never "
                + "was live, or if that is unknown."),
        SchemaComment("adapters", "promotion_reason", "Why it was made live."),
        SchemaComment("retrainings", "trigger", "What started it: rows, age, schedule, drift or command."),
        SchemaComment(
            "retrainings", "challenger",
            "Digest of the adapter that it trained or judged again; null if it was skipped or failed before that."),
        SchemaComment(
            "retrainings", "verdict",
            "promoted, held (the challenger stays a candidate and is judged again), rejected, skipped (nothing to "
                + "train or judge) or failed. Null until it ends."),
        SchemaComment("retrainings", "challenger_version", "Version of the challenger in adapters."),
        SchemaComment(
            "retrainings", "looks",
            "How often the challenger was judged so far: 1 when it was trained, more when it was held and judged "
                + "again, 0 if there was none."),
        SchemaComment(
            "retrainings", "training_digest",
            "SHA-256 over the training rows, the labels and the settings. A challenger that lost is not trained again "
                + "with the same."),
        SchemaComment(
            "retrainings", "report",
            "What the verdict rests on: an object with rows, evaluations and findings. "
                + "`lorikeet retrainings show` prints it."),
    ]
}
