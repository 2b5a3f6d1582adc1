import Operations
import Pipelines
import PostgresClient
import Threading

/// A session of the lab with the database, on a thread of its own: libpq blocks.
///
/// Demo, soak and benchmarks add their own queries as extensions.
actor LabDatabase {
    private let thread = DedicatedThread(name: "lab-database")
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// The connection string.
    nonisolated let dsn: String
    private var connection: PostgresConnection?

    /// The name of its sessions. A soak ends the daemons' sessions, which have names that begin with `lorikeet`.
    private static let applicationName = "lab"

    /// Connects at the first statement.
    init(dsn: String) { self.dsn = dsn }

    /// Brings the schema to this program's version and returns that version.
    ///
    /// - Parameter role: a role that is granted what the daemon needs.
    @discardableResult
    nonisolated func migrate(role: String? = nil) async throws -> Int {
        try await MigrateOperation.run(postgres: Secret(dsn), role: role).after
    }

    /// Runs one statement.
    @discardableResult
    func execute(_ sql: String, _ parameters: [PostgresValue] = []) throws -> PostgresResult {
        try withConnection { try $0.execute(sql, parameters, deadline: .seconds(120)) }
    }

    /// Runs several statements, separated by semicolons.
    func executeScript(_ sql: String) throws {
        try withConnection { _ = try $0.executeScript(sql, deadline: .seconds(120)) }
    }

    /// The integer in the first column of the first row; 0 if there is no row.
    func number(_ sql: String, _ parameters: [PostgresValue] = []) throws -> Int {
        let result = try execute(sql, parameters)
        guard let row = result.first, let column = result.columns.first else { return 0 }
        return Int(try row.integer(column))
    }

    func close() {
        connection?.close()
        connection = nil
    }

    /// Runs `body`, a second time on a new connection if the old one turns out to be lost: soaks restart servers.
    private func withConnection<Value>(_ body: (PostgresConnection) throws -> Value) throws -> Value {
        if let connection {
            do { return try body(connection) } catch let error as PostgresError where error.isConnectionLoss { close() }
        }
        let fresh = try PostgresConnection(
            dsn: dsn, applicationName: Self.applicationName, connectTimeout: .seconds(5))
        connection = fresh
        return try body(fresh)
    }
}
