import PostgresClient

/// Rows of a certain age, in every table that retention and forgetting know.
extension SchemaDatabase {
    /// A record with a row everywhere: its label, its text, a replaced label, a shadow label.
    ///
    /// - Parameters:
    ///   - days: the age of its rows.
    ///   - producedAt: an expression of SQL; nil: the time of the rows.
    func addRecord(
        _ offset: Int, days: Double = 0, pipeline: String = "packages", task: String = "section", key: String = "kim",
        text: String? = "a text", producedAt: String? = nil
    ) throws {
        // The same moment in all tables: the time is part of the key.
        let now = try sql("SELECT date_trunc('milliseconds', now())::text AS now").first?.text("now") ?? ""
        let moment = "'\(now)'::timestamptz"
        let time = "(\(moment) - \(days) * interval '1 day')"
        let produced = producedAt?.replacing("now()", with: moment) ?? time
        let origin = "'\(pipeline)', 'packages', 0, \(offset), \(produced)"
        try sql(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", produced_at, task, message_key, label,
                score, scores, adapter_digest, labelled_at)
            VALUES (\(origin), '\(task)', '\(key)', 'games', 1, '{}', 'd', \(time))
            """,
            """
            INSERT INTO lorikeet.labels_history (pipeline, topic, "partition", "offset", produced_at, task, label,
                score, abstained, adapter_digest, labelled_at, replaced_at)
            VALUES (\(origin), '\(task)', 'devel', 1, false, 'c', \(time) - interval '1 hour', \(time))
            """,
            """
            INSERT INTO lorikeet.shadow_labels (pipeline, topic, "partition", "offset", produced_at, task, label, score,
                scores, adapter_digest, champion_digest, champion_score, change, labelled_at)
            VALUES (\(origin), '\(task)', 'games', 1, '{}', 'e', 'd', 1, 'none', \(time))
            """)
        guard let text else { return }
        try sql(
            """
            INSERT INTO lorikeet.messages (pipeline, topic, "partition", "offset", produced_at, message_key, text,
                stored_at)
            VALUES (\(origin), '\(key)', $1, \(time))
            """, with: [.text(text)])
    }

    /// A rejected record.
    func addRejected(
        _ offset: Int, days: Double = 0, pipeline: String = "packages", key: String = "kim", payload: String = "{}"
    ) throws {
        try sql(
            """
            INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, message_key, payload,
                stage, reason, rejected_at)
            VALUES ('\(pipeline)', 'packages', 0, \(offset), now(), '\(key)', convert_to($1, 'UTF8'), 'decode', 'no',
                now() - \(days) * interval '1 day')
            """, with: [.text(payload)])
    }

    /// Lets a record wait to be published, whose row is in a table.
    func addToOutbox(_ offset: Int, kind: String = "labels", from table: String = "labels") throws {
        try sql(
            """
            INSERT INTO lorikeet.outbox (pipeline, topic, "partition", "offset", produced_at, kind)
            SELECT pipeline, topic, "partition", "offset", produced_at, '\(kind)' FROM lorikeet.\(table)
            WHERE "offset" = \(offset)
            """)
    }

    /// The offsets of a table's rows.
    func offsets(_ table: String) throws -> [Int64] {
        try sql("SELECT \"offset\" FROM lorikeet.\(table) ORDER BY 1").map { try $0.integer("offset") }
    }
}
