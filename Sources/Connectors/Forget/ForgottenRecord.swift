import PostgresClient

/// A record that is forgotten, by its key.
public struct ForgottenRecord: Sendable, Equatable {
    let pipeline: String
    let topic: String
    let partition: Int64
    let offset: Int64
    /// As the server writes it, with its microseconds.
    let producedAt: String

    init(_ row: PostgresRow) throws {
        pipeline = try row.text("pipeline")
        topic = try row.text("topic")
        partition = try row.integer("partition")
        offset = try row.integer("offset")
        producedAt = try row.text("produced_at")
    }

    /// `$1` to `$5` of ``ForgottenStatements``.
    static func columns(_ records: ArraySlice<ForgottenRecord>) -> [PostgresValue] {
        [
            .texts(records.map(\.pipeline)), .texts(records.map(\.topic)), .integers(records.map(\.partition)),
            .integers(records.map(\.offset)), .texts(records.map(\.producedAt)),
        ]
    }
}
