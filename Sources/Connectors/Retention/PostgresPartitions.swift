import PostgresClient
import Serving

/// The monthly partitions of `labels` and `messages`, for the daemon that makes them ahead of time.
public struct PostgresPartitions: Sendable {
    private let session: PostgresSession
    private let lease = LeaseRow(leaseName, length: .seconds(60))

    static let leaseName = "partitions"

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "partitions") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    /// Makes the partitions of this month and the next ones that are missing, if the tables are partitioned, unless
    /// another process has just done so.
    ///
    /// - Returns: the names of the new ones.
    public func makeAhead(months: Int = 3) async throws(ConnectorError) -> [String] {
        let lease = lease
        return try await session.run("making partitions") { connection in
            guard try PartitionedTables(connection: connection).exist() else { return [] }
            return try connection.transaction {
                if try lease.take(on: connection) != nil { return [] }
                let made = try connection.execute(
                    """
                    SELECT p.name FROM lorikeet.make_partitions(
                        now(), now() + $1::double precision * interval '1 month') AS p(name)
                    """, [.integer(Int64(months))])
                try lease.release(on: connection)
                return try made.rows.map { try $0.text("name") }
            }
        }
    }
}
