import PostgresClient
import Serving

/// Labels of rows that exist. What an adapter gives stands in the same columns as on the serving path.
extension LabelStatements {
    /// Replaces the labels of rows that nobody has written since they were read; requires a transaction.
    ///
    /// - Parameter keepsHistory: whether the former labels go to `labels_history`.
    /// - Returns: the rows that were replaced.
    func replace(_ rows: ArraySlice<RelabelledRow>, keepsHistory: Bool) throws -> [RelabelledRow] {
        let statement = Self.replace(keepsHistory: keepsHistory)
        var replaced: [RelabelledRow] = []
        for chunk in Chunks(rows, weight: { 400 + 30 * $0.label.scores.count }) {
            let result = try connection.execute(statement, parameters(chunk))
            for row in result.rows {
                let index = chunk.startIndex + Int(try row.integer("number")) - 1
                if chunk.indices.contains(index) { replaced.append(chunk[index]) }
            }
        }
        return replaced
    }

    private func parameters(_ rows: ArraySlice<RelabelledRow>) -> [PostgresValue] {
        let answers = rows.map { row in
            LabelledMessage(message: SourceMessage(origin: row.origin, payload: nil), text: nil, labels: [row.label])
        }
        let keys: [PostgresValue] = [
            .text(pipeline), .texts(rows.map(\.origin.topic)), .integers(rows.map { Int64($0.origin.partition) }),
            .integers(rows.map(\.origin.offset)), .texts(rows.map(\.row.task)), .texts(rows.map(\.row.producedAt)),
            .texts(rows.map(\.row.adapterDigest)), .texts(rows.map(\.row.labelledAt)),
        ]
        return keys + LabelColumns(answers[...]).answers
    }

    /// The rows are locked in the order of their keys before any is written: whoever has written one meanwhile keeps
    /// it, and what goes to the history is what is replaced.
    private static func replace(keepsHistory: Bool) -> String {
        """
        WITH unchanged AS MATERIALIZED (
            SELECT r.*\(keepsHistory ? former : "")
            FROM lorikeet.labels AS l JOIN unnest(
                $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[], $8::timestamptz[],
                $9::text[], $10::text[], $11::double precision[], $12::text[], $13::boolean[], $14::text[],
                $15::double precision[], $16::text[], $17::text[], $18::integer[], $19::integer[], $20::text[])
                WITH ORDINALITY AS r(topic, "partition", "offset", task, produced_at, former_digest, former_time,
                    label, labels, score, scores, abstained, adapter_digest, distance, abstention_reason, dtype,
                    windows, tokens, evidence, number)
                ON \(isRow) AND l.adapter_digest = r.former_digest AND l.labelled_at = r.former_time
            ORDER BY l.topic, l."partition", l."offset", l.task, l.produced_at
            FOR UPDATE OF l
        )\(keepsHistory ? history : "")
        UPDATE lorikeet.labels AS l SET
            label = r.label, labels = r.labels::text[], score = r.score, scores = r.scores::jsonb,
            abstained = r.abstained, adapter_digest = r.adapter_digest, distance = r.distance,
            abstention_reason = r.abstention_reason, dtype = r.dtype, windows = r.windows, tokens = r.tokens,
            evidence = r.evidence::int4range, labelled_at = now()
        FROM unchanged AS r
        WHERE \(isRow)
        RETURNING r.number
        """
    }

    private static let isRow = """
        l.pipeline = $1 AND l.topic = r.topic AND l."partition" = r."partition" AND l."offset" = r."offset" \
        AND l.task = r.task AND l.produced_at = r.produced_at
        """

    /// Columns of `labels` that the history keeps beside the key.
    private static let kept = [
        "message_key", "label", "labels", "score", "scores", "abstained", "abstention_reason", "adapter_digest",
        "distance", "dtype", "windows", "tokens", "evidence", "labelled_at",
    ]

    private static let former = kept.map { ", l.\($0) AS former_\($0)" }.joined()

    private static let history = """
        , history AS (
            INSERT INTO lorikeet.labels_history (
                pipeline, topic, "partition", "offset", task, produced_at, \(kept.joined(separator: ", ")))
            SELECT $1, topic, "partition", "offset", task, produced_at,
                \(kept.map { "former_\($0)" }.joined(separator: ", "))
            FROM unchanged
        )
        """
}
