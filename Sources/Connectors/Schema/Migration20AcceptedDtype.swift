extension Migration {
    /// Over which types of the base a version was accepted, where `dtype: auto` had to choose them for it.
    static let acceptedDtype = Migration(
        version: 20, name: "accepted precision of adapters",
        statements: [
            "ALTER TABLE lorikeet.adapters ADD COLUMN accepted_dtype text",
            // Daemons have to see it of a version that is live already.
            "DROP TRIGGER adapters_count_changes ON lorikeet.adapters",
            """
            CREATE TRIGGER adapters_count_changes
            AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF task, version, digest, base_digest, state, promoted_at,
                shadow, shadow_since, accepted_dtype
            ON lorikeet.adapters FOR EACH STATEMENT EXECUTE FUNCTION lorikeet.count_adapter_change()
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "adapters", "accepted_dtype",
            "Types of the base over which the version was accepted, as in labels.dtype. Under dtype: auto, a daemon "
                + "rounds no layer more than that while the version is live or in shadow. Null: the types in which it "
                + "was checked did not cost it too much, or it was not checked.")
    ]
}
