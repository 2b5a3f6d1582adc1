import LocalServers
import PostgresClient
import Synchronization

/// A database of its own for one test, on the server that all tests of this process share.
public struct TestDatabase: Sendable {
    /// The cluster that holds it.
    public let server: PrivatePostgres
    /// Its name.
    public let name: String

    /// As the superuser `postgres`, or as another role.
    public func dsn(user: String = "postgres", password: String? = nil) -> String {
        server.dsn(database: name, user: user, password: password)
    }

    /// Opens a connection to it.
    public func connect(
        user: String = "postgres", onNotice: @escaping (PostgresNotice) -> Void = { _ in }
    ) throws(PostgresError) -> PostgresConnection {
        try PostgresConnection(dsn: dsn(user: user), applicationName: "test", onNotice: onNotice)
    }
}

/// Runs `body` with a fresh, empty database, dropped afterwards whoever is still connected to it. Roles are common to
/// all databases: give yours names that no other test uses (`TestDatabase.name` as a prefix).
public func withTestDatabase<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> Value
) async throws -> Value {
    let server = try SharedPostgres.server.get()
    let name = "test_\(SharedPostgres.counter.add(1, ordering: .relaxed).newValue)"
    try administer(server, "CREATE DATABASE \(name)")
    defer { try? administer(server, "DROP DATABASE \(name) WITH (FORCE)") }
    return try await body(TestDatabase(server: server, name: name))
}

/// Runs `body` with a server of its own, for tests that pause, crash or stop it.
public func withPrivatePostgres<Value>(
    isolation: isolated (any Actor)? = #isolation, _ body: (PrivatePostgres) async throws -> Value
) async throws -> Value {
    let server = try PrivatePostgres.start(fsync: false)
    defer { server.stop() }
    return try await body(server)
}

private func administer(_ server: PrivatePostgres, _ sql: String) throws(PostgresError) {
    let connection = try PostgresConnection(dsn: server.dsn(), applicationName: "test")
    try connection.execute(sql, deadline: .seconds(60))
    connection.close()
}

private enum SharedPostgres {
    /// Started by the first test that asks for it. It ends with this process, however that ends: `PrivatePostgres` sees
    /// to it.
    static let server = Result { () throws(PrivatePostgresError) in try PrivatePostgres.start(fsync: false) }
    static let counter = Atomic(0)
}
