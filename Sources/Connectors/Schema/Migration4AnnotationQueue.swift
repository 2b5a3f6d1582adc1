extension Migration {
    /// What ``SchemaView/annotationQueue`` needs.
    static let annotationQueue = Migration(
        version: 4, name: "annotation queue",
        statements: [
            "ALTER TABLE lorikeet.annotations ADD COLUMN answered_at timestamptz",
            // The texts themselves may be too long for an index.
            """
            CREATE INDEX annotations_by_text ON lorikeet.annotations (task, hashtextextended(text, 0))
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "annotations", "answered_at",
            "When the annotator answered, if the imported file says so. created_at is when the row was added.")
    ]
}
