extension Migration {
    /// Everything that a replaced label said: enough to understand the row that it stood in, and to restore it.
    static let wholeHistory = Migration(
        version: 17, name: "whole rows in the history of labels",
        statements: [
            // Without a default, no row of a large table is written again.
            """
            ALTER TABLE lorikeet.labels_history
                ADD COLUMN message_key        bytea,
                ADD COLUMN scores             jsonb,
                ADD COLUMN distance           double precision,
                ADD COLUMN abstention_reason  text,
                ADD COLUMN windows            integer,
                ADD COLUMN tokens             integer,
                ADD COLUMN evidence           int4range
            """
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels_history", "message_key",
            "Key of the Kafka record. Null in rows that an older version wrote. lorikeet forget finds the row by it."),
        SchemaComment(
            "labels_history", "scores",
            "Former probability of every label: an object with a number per label. Null in rows that an older version "
                + "wrote, as are the columns behind it."),
        SchemaComment(
            "labels_history", "distance",
            "Former distance of the text from the nearest centre of a label; see labels.distance."),
        SchemaComment(
            "labels_history", "abstention_reason", "Why the task had abstained; see labels.abstention_reason."),
        SchemaComment("labels_history", "windows", "Windows in which a long text had been read; see labels.windows."),
        SchemaComment("labels_history", "tokens", "Tokens of the whole long text; see labels.tokens."),
        SchemaComment(
            "labels_history", "evidence",
            "Characters of the window that gave the former label its highest score; see labels.evidence."),
    ]
}
