extension Migration {
    /// How far a text is from what the adapter knows, and why a task abstained.
    static let distances = Migration(
        version: 7, name: "distances of labels",
        statements: [
            // The rows of a large table are neither written again nor read: the old ones have neither column.
            "ALTER TABLE lorikeet.labels ADD COLUMN distance double precision, ADD COLUMN abstention_reason text",
            """
            ALTER TABLE lorikeet.labels
                ADD CONSTRAINT labels_distance_is_positive CHECK (distance >= 0) NOT VALID,
                ADD CONSTRAINT labels_abstention_reason_is_known
                    CHECK (abstention_reason IN ('score', 'none_of_these')) NOT VALID,
                ADD CONSTRAINT labels_abstention_has_its_reason
                    CHECK (abstention_reason IS NULL OR abstained) NOT VALID
            """,
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "labels", "abstained",
            "Whether the task gave no label: the best score was below its abstention threshold, or the text was none "
                + "of these."),
        SchemaComment(
            "labels", "distance",
            "Distance of the text from the nearest centre of a label, divided by the mean distance of the label's "
                + "texts: 1 is usual. Null if the drift reference of the adapter has no usual distances."),
        SchemaComment(
            "labels", "abstention_reason",
            "Why the task abstained: score (below the abstention threshold) or none_of_these (distance too large). "
                + "Null if it did not abstain, and in rows that an older version wrote."),
    ]
}
