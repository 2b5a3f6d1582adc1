import AdapterRegistry
import PostgresClient
import Retraining

/// The labels of challengers in shadow, counted in `lorikeet.shadow_labels`.
extension PostgresLabelledRowSource: ShadowLabelSource {
    /// Since when a version is in shadow, and how many texts it has labelled, up to the number that is required.
    ///
    /// It ends when the caller's task is cancelled, as a daemon's that shuts down.
    public func progress(of version: AdapterVersion) async throws -> ShadowProgress {
        let limit = PostgresValue.integer(Int64(version.shadow?.terms.minimumTexts ?? 0))
        return try await session.runCancellable("counting shadow labels") { connection in
            let row = try connection.execute(
                """
                SELECT extract(epoch FROM clock_timestamp() - \(Self.start))::double precision AS seconds, (
                    SELECT count(*) FROM (
                        SELECT FROM lorikeet.shadow_labels WHERE \(Self.isOfShadow) LIMIT $5::bigint
                    ) AS counted
                ) AS texts
                """, Self.identity(of: version) + [limit], within: Self.countingDeadline
            ).first
            guard let row else { return ShadowProgress(seconds: 0, texts: 0) }
            return ShadowProgress(seconds: try row.double("seconds"), texts: Int(try row.integer("texts")))
        }
    }

    /// Champion and challenger on the texts that both have labelled since the shadow began.
    public func comparison(of version: AdapterVersion) async throws -> ShadowComparison {
        try await session.runCancellable("comparing shadow labels") { connection in
            let row = try connection.execute(
                """
                SELECT count(*) AS texts, count(*) FILTER (WHERE change = 'changed') AS changed,
                    count(*) FILTER (WHERE change = 'expected') AS expected,
                    coalesce(avg(champion_score), 0) AS champion, coalesce(avg(score), 0) AS challenger
                FROM lorikeet.shadow_labels WHERE \(Self.isOfShadow)
                """, Self.identity(of: version), within: Self.countingDeadline
            ).first
            var comparison = ShadowComparison()
            guard let row else { return comparison }
            comparison.texts = Int(try row.integer("texts"))
            comparison.changed = Int(try row.integer("changed"))
            comparison.expected = Int(try row.integer("expected"))
            comparison.championConfidence = try row.double("champion")
            comparison.challengerConfidence = try row.double("challenger")
            return comparison
        }
    }

    private static let start = "to_timestamp($4::double precision)"
    private static let isOfShadow =
        "task = $1 AND adapter_digest = $2 AND champion_digest = $3 AND labelled_at >= \(start)"
    /// A day of a busy topic is many rows.
    private static var countingDeadline: Duration { .seconds(600) }

    /// A version that was never in shadow has no rows.
    private static func identity(of version: AdapterVersion) -> [PostgresValue] {
        [
            .text(version.task), .text(version.digest), .text(version.shadow?.terms.champion ?? ""),
            ExactTime.parameter(version.shadow?.since ?? version.createdAt),
        ]
    }
}
