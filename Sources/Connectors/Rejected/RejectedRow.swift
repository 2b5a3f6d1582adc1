import Foundation
import PostgresClient
import Serving

/// A row of `lorikeet.rejected` without its payload.
public struct RejectedRow: Sendable {
    public let pipeline: String
    public let origin: Origin
    /// Milliseconds since 1970; 0 where the record had no timestamp. Part of the row's identity.
    public let producedAt: Int64
    public let stage: RejectionStage
    public let reason: String
    public let rejectedAt: Date
    /// Bytes of the payload; nil for a null payload.
    public let payloadBytes: Int?
}

/// Which rows of `lorikeet.rejected` are meant; what is nil does not matter.
public struct RejectedFilter: Sendable, Equatable {
    public var pipeline: String?
    public var stage: RejectionStage?
    /// A part of the reason, in any case.
    public var reason: String?
    /// Rejected at this time or later.
    public var since: Date?
    /// Rejected before this time.
    public var until: Date?
    /// Only these places, each as ``Origin/description`` writes it: `topic/partition@offset`.
    public var origins: [String]?

    public init() {}

    /// Whether nothing is asked for but the pipeline: every row of it is meant.
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
            // The table's own constraint knows no other stage.
            stage: RejectionStage(rawValue: try row.text("stage")) ?? .classify, reason: try row.text("reason"),
            rejectedAt: try ExactTime.date(row, "rejected_at"),
            payloadBytes: try row.optionalInteger("bytes").map(Int.init))
    }

    /// The identity of a row as four parameters and the pipeline: $1 … $5.
    var key: [PostgresValue] {
        [
            .text(pipeline), .text(origin.topic), .integer(Int64(origin.partition)), .integer(origin.offset),
            .timestamp(producedAt),
        ]
    }
}
