extension Migration {
    /// Whether adapters have changed, as one number: daemons ask every second.
    static let adapterChanges = Migration(
        version: 15, name: "count of adapter changes",
        statements: [
            """
            CREATE TABLE lorikeet.adapter_changes (
                is_only   boolean  PRIMARY KEY DEFAULT true CONSTRAINT adapter_changes_is_one_row CHECK (is_only),
                revision  bigint   NOT NULL DEFAULT 1
            )
            """,
            "INSERT INTO lorikeet.adapter_changes DEFAULT VALUES",
            // It runs as its owner, so that whoever may change adapters is counted. A sequence would not do: it tells
            // of a change before that is committed.
            """
            CREATE FUNCTION lorikeet.count_adapter_change() RETURNS trigger LANGUAGE plpgsql
            SECURITY DEFINER SET search_path = pg_catalog AS $$
            BEGIN
                UPDATE lorikeet.adapter_changes SET revision = revision + 1;
                RETURN NULL;
            END $$
            """,
            "REVOKE ALL ON FUNCTION lorikeet.count_adapter_change() FROM PUBLIC",
            // Drift references, which each daemon may store, change nothing that a daemon looks for.
            """
            CREATE TRIGGER adapters_count_changes
            AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF task, version, digest, base_digest, state, promoted_at,
                shadow, shadow_since
            ON lorikeet.adapters FOR EACH STATEMENT EXECUTE FUNCTION lorikeet.count_adapter_change()
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "adapter_changes", nil,
            "One row, which a trigger of adapters updates. Daemons read the live adapters again when it has changed."),
        SchemaComment("adapter_changes", "is_only", "Always true: there is one row."),
        SchemaComment("adapter_changes", "revision", "Grows with every change of a version or its state."),
    ]
}
