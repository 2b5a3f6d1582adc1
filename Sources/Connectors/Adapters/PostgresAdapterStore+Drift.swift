import AdapterRegistry
import Drift
import PostgresClient

/// Drift references in `lorikeet.adapters`.
extension PostgresAdapterStore: DriftReferenceStore {
    /// The reference of an adapter, from whichever of its versions has one.
    public func driftReference(digest: String) async throws -> [UInt8]? {
        try await session.run("reading a drift reference") { connection in
            let result = try connection.execute(
                """
                SELECT profile::text AS profile FROM lorikeet.adapters
                WHERE digest = $1 AND profile IS NOT NULL ORDER BY task, version LIMIT 1
                """, [.text(digest)])
            return try result.first.map { Array(try $0.text("profile").utf8) }
        }
    }

    /// Stores a reference with all versions that have this adapter and no reference, or the damaged one. One row per
    /// task and digest at most, so that the locks of two tasks are never taken in turn.
    public func store(_ reference: DriftReference, replacing damaged: String?) async throws {
        let json = String(decoding: reference.json, as: UTF8.self)
        try await session.run("storing a drift reference") { connection in
            _ = try connection.execute(
                """
                UPDATE lorikeet.adapters SET profile = $2::jsonb
                WHERE digest = $1 AND (profile IS NULL
                    OR encode(sha256(convert_to(profile::text, 'UTF8')), 'hex') = $3::text)
                """,
                [.text(reference.adapterDigest), .json(json), damaged.map { .text($0) } ?? .null])
        }
    }
}
