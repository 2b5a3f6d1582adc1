import Connectors
import Serving

/// `lorikeet rejected list`, `show` and `discard`. Every method opens a connection and closes it.
public struct RejectedOperation: Sendable {
    private let source: DatabaseSource

    /// The rejected records of a database.
    public init(_ source: DatabaseSource) { self.source = source }

    /// The first `limit` records, in the order of their partitions.
    public func rows(_ filter: RejectedFilter, limit: Int) async throws -> [RejectedRow] {
        try await withRows { try await $0.rows(filter, limit: limit) }
    }

    /// Counts per pipeline, stage and reason, the most frequent first.
    public func summary(_ filter: RejectedFilter) async throws -> [RejectedGroup] {
        try await withRows { try await $0.summary(filter) }
    }

    /// Records with their key, headers and payload.
    public func messages(_ filter: RejectedFilter) async throws -> [(row: RejectedRow, message: SourceMessage)] {
        try await withRows { table in
            var found: [(row: RejectedRow, message: SourceMessage)] = []
            for row in try await table.rows(filter, limit: 1000) {
                if let message = try await table.message(of: row) { found.append((row, message)) }
            }
            return found
        }
    }

    /// Deletes records for good.
    ///
    /// - Returns: how many there were.
    public func discard(_ filter: RejectedFilter) async throws -> Int {
        try await withRows { try await $0.discard(filter) }
    }

    private func withRows<Result: Sendable>(
        _ body: (PostgresRejectedRows) async throws -> Result
    ) async throws -> Result {
        let dsn = try source.connectionString().value
        return try await PostgresRejectedRows(PostgresSettings(dsn: dsn, applicationName: "lorikeet rejected"))
            .closing(body)
    }
}
