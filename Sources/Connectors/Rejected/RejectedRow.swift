import FoundationEssentials
import PostgresClient
import Serving

/// A row of `lorikeet.rejected` without its payload.
public struct RejectedRow: Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// Where the message came from.
    public let origin: Origin
    /// Milliseconds since 1970; 0 if the record had no timestamp. Part of the row's key.
    public let producedAt: Int64
    /// The stage that rejected it.
    public let stage: RejectionStage
    /// What is wrong, without a part of the text.
    public let reason: String
    /// When it was rejected last.
    public let rejectedAt: Date
    /// Size of the payload; nil for a null payload.
    public let payloadBytes: Int?
}

extension RejectedRow {
    static let columns = """
        r.pipeline, r.topic, r."partition", r."offset", r.stage, r.reason,
            (extract(epoch FROM r.produced_at) * 1000)::bigint AS produced_at,
            extract(epoch FROM r.rejected_at)::double precision AS rejected_at, octet_length(r.payload) AS bytes
        """

    init(_ row: PostgresRow) throws {
        self.init(
            pipeline: try row.text("pipeline"),
            origin: Origin(
                topic: try row.text("topic"), partition: Int32(clamping: try row.integer("partition")),
                offset: try row.integer("offset")),
            producedAt: try row.integer("produced_at"),
            // A constraint of the table allows no other stage.
            stage: RejectionStage(rawValue: try row.text("stage")) ?? .classify, reason: try row.text("reason"),
            rejectedAt: try ExactTime.date(row, "rejected_at"),
            payloadBytes: try row.optionalInteger("bytes").map(Int.init))
    }

    /// Over `lorikeet.rejected AS r`, with ``key`` as $1 … $5.
    static let isKey = """
        r.pipeline = $1 AND r.topic = $2 AND r."partition" = $3::integer AND r."offset" = $4::bigint
            AND r.produced_at = $5
        """

    /// The row's key as the parameters $1 … $5 of ``isKey``.
    var key: [PostgresValue] {
        [
            .text(pipeline), .text(origin.topic), .integer(Int64(origin.partition)), .integer(origin.offset),
            .timestamp(producedAt),
        ]
    }
}
