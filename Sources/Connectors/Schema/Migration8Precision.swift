extension Migration {
    /// In which type the base computed what a row says.
    static let precision = Migration(
        version: 8, name: "precision of labels",
        statements: [
            // Without a default, no row of a large table is written again.
            "ALTER TABLE lorikeet.labels ADD COLUMN dtype text",
            "ALTER TABLE lorikeet.shadow_labels ADD COLUMN dtype text",
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels", "dtype",
            "Type in which the base computed: float32, int8 or bfloat16. Null in rows that an older version wrote: "
                + "float32."),
        SchemaComment(
            "shadow_labels", "dtype",
            "Type in which the base computed: float32, int8 or bfloat16. Null in rows that an older version wrote: "
                + "float32."),
    ]
}
