extension Migration {
    /// Which trace a record belongs to.
    static let traceParent = Migration(
        version: 14, name: "traceparent of records",
        statements: [
            // Without a default, no row of a large table is written again.
            "ALTER TABLE lorikeet.labels ADD COLUMN traceparent text",
            "ALTER TABLE lorikeet.rejected ADD COLUMN traceparent text",
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels", "traceparent",
            "Trace that the record belongs to: its header traceparent (W3C Trace Context). Null without a valid one."),
        SchemaComment(
            "rejected", "traceparent",
            "Trace that the record belongs to: its header traceparent (W3C Trace Context). Null without a valid one."),
    ]
}
