extension Migration {
    /// What one process does at a time, without the help of a session: a pooler hands sessions around.
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
        SchemaComment("leases", nil, "What one process does at a time. A row that has expired counts for nothing."),
        SchemaComment("leases", "name", "What it is about: retraining TASK."),
        SchemaComment("leases", "token", "Which run holds it; each makes up its own."),
        SchemaComment("leases", "holder", "Host and process, for people."),
        SchemaComment("leases", "acquired_at", "When the run took it, by this server's clock."),
        SchemaComment("leases", "expires_at", "Until when it holds; the holder renews it every 20 seconds for 60."),
    ]
}
