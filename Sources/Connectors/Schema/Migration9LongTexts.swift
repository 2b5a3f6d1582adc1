extension Migration {
    /// How a long text was read.
    static let longTexts = Migration(
        version: 9, name: "windows of long texts",
        statements: [
            // Without defaults, no row of a large table is written again.
            """
            ALTER TABLE lorikeet.labels
                ADD COLUMN windows integer, ADD COLUMN tokens integer, ADD COLUMN evidence int4range
            """,
            """
            ALTER TABLE lorikeet.labels
                ADD CONSTRAINT labels_windows_are_counted CHECK (windows >= 1 AND tokens >= 1) NOT VALID,
                ADD CONSTRAINT labels_windows_have_evidence
                    CHECK ((windows IS NULL) = (tokens IS NULL) AND (windows IS NULL) = (evidence IS NULL)) NOT VALID
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels", "windows",
            "Windows in which a long text was read (key long_texts of the task). Null for texts of one sequence, and "
                + "where texts are cut."),
        SchemaComment(
            "labels", "tokens",
            "Tokens of the whole long text, without [CLS] and [SEP]; also of those in no window. Null where windows "
                + "is null."),
        SchemaComment(
            "labels", "evidence",
            "Characters of the window that gave the best label its highest score: from the lower bound, counted from "
                + "0, up to but not including the upper bound. Null where windows is null."),
    ]
}
