extension Migration {
    /// Leases as rows, because session locks do not work behind a pooler that shares sessions.
    static let leases = Migration(
        version: 2, name: "leases",
        statements: [
            """
            CREATE TABLE lorikeet.leases (
                name            text              PRIMARY KEY,
                token           uuid              NOT NULL,
                holder          text              NOT NULL,
                acquired_at     timestamptz       NOT NULL,
                expires_at      timestamptz       NOT NULL
            )
            """
        ] + comments.map(\.statement))

    private static let comments = [
        SchemaComment(
            "leases", nil,
            "The right of one process to do something alone, such as retraining a task. "
                + "An expired row has no effect."
        ),
        SchemaComment("leases", "name", "What the lease is for, such as retraining TASK."),
        SchemaComment("leases", "token", "Identifies the run that holds it."),
        SchemaComment("leases", "holder", "Host and process that hold it, for people."),
        SchemaComment("leases", "acquired_at", "When the run took it, by the database's clock."),
        SchemaComment(
            "leases", "expires_at",
            "When the lease expires. Every 20 seconds, the holder sets it to 60 seconds from then."),
    ]
}
