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

/// Selects rows of `lorikeet.rejected`. A criterion that is nil selects all.
public struct RejectedFilter: Sendable, Equatable {
    /// Rows of this pipeline.
    public var pipeline: String?
    /// Rows of this stage.
    public var stage: RejectionStage?
    /// A part of the reason, whatever its case.
    public var reason: String?
    /// Rejected at this time or later.
    public var since: Date?
    /// Rejected before this time.
    public var until: Date?
    /// Only these origins, written as ``Origin/description``: `topic/partition@offset`.
    public var origins: [String]?

    /// All rows.
    public init() {}

    /// Whether it selects every row of its pipeline.
    public var isWhole: Bool { stage == nil && reason == nil && since == nil && until == nil && origins == nil }

    /// Over `lorikeet.rejected AS r`, with ``parameters`` as $1 … $6.
    static let condition = """
        ($1::text IS NULL OR r.pipeline = $1) AND ($2::text IS NULL OR r.stage = $2)
            AND ($3::text IS NULL OR position(lower($3) IN lower(r.reason)) > 0)
            AND ($4::double precision IS NULL OR r.rejected_at >= to_timestamp($4))
            AND ($5::double precision IS NULL OR r.rejected_at < to_timestamp($5))
            AND ($6::text[] IS NULL OR format('%s/%s@%s', r.topic, r."partition", r."offset") = ANY ($6))
        """

    var parameters: [PostgresValue] {
        [
            pipeline.map(PostgresValue.text) ?? .null, stage.map { .text($0.rawValue) } ?? .null,
            reason.map(PostgresValue.text) ?? .null,
            ExactTime.parameter(since), ExactTime.parameter(until), origins.map { .texts($0) } ?? .null,
        ]
    }
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
