import PostgresClient
import Serving

/// Rows counted for people and for the demo.
public struct PostgresCounts: Sendable {
    private let session: PostgresSession

    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "counts") }

    public func close() async { await session.close() }

    /// Rows of `labels` by task; of one pipeline, or of all.
    public func labels(pipeline: String? = nil) async throws(ConnectorError) -> [String: Int] {
        try await counts(
            "SELECT task AS name, count(*) AS rows FROM lorikeet.labels WHERE $1::text IS NULL OR pipeline = $1 GROUP BY task",
            [pipeline.map(PostgresValue.text) ?? .null])
    }

    /// Rows of `labels` of one task by label; what the daemon abstained from stands under the empty name.
    public func labels(task: String) async throws(ConnectorError) -> [String: Int] {
        try await counts(
            "SELECT coalesce(label, '') AS name, count(*) AS rows FROM lorikeet.labels WHERE task = $1 GROUP BY 1",
            [.text(task)])
    }

    /// Rows of `labels` of one task by the adapter that made them.
    public func labelsByDigest(task: String) async throws(ConnectorError) -> [String: Int] {
        try await counts(
            "SELECT adapter_digest AS name, count(*) AS rows FROM lorikeet.labels WHERE task = $1 GROUP BY 1",
            [.text(task)])
    }

    /// Rows of `rejected` by stage; of one pipeline, or of all.
    public func rejected(pipeline: String? = nil) async throws(ConnectorError) -> [RejectionStage: Int] {
        let byName = try await counts(
            "SELECT stage AS name, count(*) AS rows FROM lorikeet.rejected WHERE $1::text IS NULL OR pipeline = $1 GROUP BY stage",
            [pipeline.map(PostgresValue.text) ?? .null])
        return Dictionary(
            uniqueKeysWithValues: byName.compactMap { name, rows in RejectionStage(rawValue: name).map { ($0, rows) } })
    }

    /// Rows of `annotations` by task.
    public func annotations() async throws(ConnectorError) -> [String: Int] {
        try await counts("SELECT task AS name, count(*) AS rows FROM lorikeet.annotations GROUP BY task", [])
    }

    /// Rows of `labels` whose adapter the registry does not know; 0 in a database that is in order.
    public func labelsOfUnknownAdapters() async throws(ConnectorError) -> Int {
        try await counts(
            """
            SELECT 'rows' AS name, count(*) AS rows FROM lorikeet.labels AS l
            WHERE NOT EXISTS (SELECT FROM lorikeet.adapters AS a WHERE a.task = l.task AND a.digest = l.adapter_digest)
            """, [])["rows"] ?? 0
    }

    private func counts(_ sql: String, _ parameters: [PostgresValue]) async throws(ConnectorError) -> [String: Int] {
        try await session.run("counting rows") { connection in
            let result = try connection.execute(sql, parameters)
            return try Dictionary(
                uniqueKeysWithValues: result.rows.map { (try $0.text("name"), Int(try $0.integer("rows"))) })
        }
    }
}
