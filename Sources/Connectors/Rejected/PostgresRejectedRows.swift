import FoundationEssentials
import Serving

/// The rows of `lorikeet.rejected`, for `lorikeet rejected`.
public struct PostgresRejectedRows: Closable {
    private let session: PostgresSession

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "rejected rows") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    /// Rows in the order of pipeline, topic, partition and offset, at most `limit`.
    public func rows(_ filter: RejectedFilter, limit: Int) async throws(ConnectorError) -> [RejectedRow] {
        try await session.run("reading rejected rows") { connection in
            let result = try connection.execute(
                """
                SELECT \(RejectedRow.columns) FROM lorikeet.rejected AS r WHERE \(RejectedFilter.condition)
                ORDER BY r.pipeline, r.topic, r."partition", r."offset", r.produced_at LIMIT $7::bigint
                """, filter.parameters + [.integer(Int64(limit))])
            return try result.rows.map(RejectedRow.init)
        }
    }

    /// Counts rows by pipeline, stage and reason, the most frequent first.
    public func summary(_ filter: RejectedFilter) async throws(ConnectorError) -> [RejectedGroup] {
        try await session.run("counting rejected rows") { connection in
            let result = try connection.execute(
                """
                SELECT r.pipeline, r.stage, r.reason, count(*) AS rows,
                    extract(epoch FROM max(r.rejected_at))::double precision AS newest
                FROM lorikeet.rejected AS r WHERE \(RejectedFilter.condition)
                GROUP BY r.pipeline, r.stage, r.reason ORDER BY rows DESC, r.pipeline, r.stage, r.reason
                """, filter.parameters)
            return try result.rows.map { row in
                RejectedGroup(
                    pipeline: try row.text("pipeline"), stage: try row.text("stage"), reason: try row.text("reason"),
                    rows: Int(try row.integer("rows")), newest: try ExactTime.date(row, "newest"))
            }
        }
    }

    /// The message of a row, as the source delivered it; nil if the row is gone.
    public func message(of row: RejectedRow) async throws(ConnectorError) -> SourceMessage? {
        try await messages(of: [row]).first
    }

    /// The messages of rows in their order, as the source delivered them, without those of rows that are gone.
    /// `OFFSET 0` finds each by its key.
    func messages(of rows: [RejectedRow]) async throws(ConnectorError) -> [SourceMessage] {
        try await session.run("reading rejected messages") { connection in
            let result = try connection.execute(
                """
                SELECT k.place, m.message_key, m.payload, m.headers
                FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[])
                    WITH ORDINALITY AS k(pipeline, topic, "partition", "offset", produced_at, place)
                CROSS JOIN LATERAL (
                    SELECT r.message_key, r.payload, r.headers::text AS headers FROM lorikeet.rejected AS r
                    WHERE r.pipeline = k.pipeline AND r.topic = k.topic AND r."partition" = k."partition"
                        AND r."offset" = k."offset" AND r.produced_at = k.produced_at
                    OFFSET 0) AS m
                ORDER BY k.place
                """,
                [
                    .texts(rows.map(\.pipeline)), .texts(rows.map(\.origin.topic)),
                    .integers(rows.map { Int64($0.origin.partition) }), .integers(rows.map(\.origin.offset)),
                    .timestamps(rows.map(\.producedAt)),
                ])
            return try result.rows.map { found in
                let row = rows[Int(try found.integer("place")) - 1]
                return SourceMessage(
                    origin: row.origin, key: try found.optionalBytes("message_key"),
                    payload: try found.optionalBytes("payload"),
                    headers: try found.optionalText("headers").map(OutboxReader.headers) ?? [],
                    producedAt: row.producedAt)
            }
        }
    }

    /// Deletes rows.
    ///
    /// - Returns: their number.
    public func discard(_ filter: RejectedFilter) async throws(ConnectorError) -> Int {
        try await session.run("discarding rejected rows") { connection in
            try connection.transaction {
                try connection.execute(
                    "DELETE FROM lorikeet.rejected AS r WHERE \(RejectedFilter.condition)", filter.parameters
                ).affectedRows
            }
        }
    }

    /// Deletes one row if it was not rejected again since it was read.
    ///
    /// - Returns: whether it was.
    public func discardUnchanged(_ row: RejectedRow) async throws(ConnectorError) -> Bool {
        try await session.run("discarding a rejected row") { connection in
            try connection.transaction {
                try connection.execute(
                    """
                    DELETE FROM lorikeet.rejected AS r
                    WHERE r.pipeline = $1 AND r.topic = $2 AND r."partition" = $3::integer AND r."offset" = $4::bigint
                        AND r.produced_at = $5 AND r.rejected_at = to_timestamp($6::double precision)
                    """, row.key + [ExactTime.parameter(row.rejectedAt)]
                ).affectedRows == 1
            }
        }
    }

    /// Puts a record of the stage `publish` into the outbox again, in place of its row, which has no payload.
    ///
    /// - Returns: whether the row was there.
    public func publishAgain(_ row: RejectedRow) async throws(ConnectorError) -> Bool {
        try await session.run("publishing a record again") { connection in
            try connection.transaction {
                try connection.execute(
                    """
                    WITH gone AS (
                        DELETE FROM lorikeet.rejected AS r WHERE \(RejectedRow.isKey) AND r.stage = 'publish'
                        RETURNING r.pipeline, r.topic, r."partition", r."offset", r.produced_at
                    )
                    INSERT INTO lorikeet.outbox AS o (pipeline, topic, "partition", "offset", produced_at, kind)
                    SELECT gone.*, 'labels' FROM gone
                    ON CONFLICT (pipeline, topic, "partition", "offset", produced_at) DO UPDATE SET
                        kind = excluded.kind, revision = o.revision + 1
                    """, row.key
                ).affectedRows == 1
            }
        }
    }

    /// The row as it is now; nil if it is gone.
    public func current(_ row: RejectedRow) async throws(ConnectorError) -> RejectedRow? {
        try await session.run("reading a rejected row") { connection in
            try connection.execute(
                """
                SELECT \(RejectedRow.columns) FROM lorikeet.rejected AS r
                WHERE \(RejectedRow.isKey)
                """, row.key
            ).first.map(RejectedRow.init)
        }
    }
}

/// Rows of `lorikeet.rejected` with the same pipeline, stage and reason.
public struct RejectedGroup: Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// As the column `stage`.
    public let stage: String
    /// As the column `reason`.
    public let reason: String
    /// Their number.
    public let rows: Int
    /// When the last of them was rejected.
    public let newest: Date
}
