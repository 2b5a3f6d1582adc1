import FoundationEssentials
import PostgresClient
import Serving

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
