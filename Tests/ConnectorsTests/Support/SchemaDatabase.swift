import PostgresClient
import Synchronization
import TestSupport

@testable import Connectors
@testable import LocalServers

/// A database of one test, in a private cluster that the tests share unless they break it.
struct SchemaDatabase {
    let cluster: PrivatePostgres
    let name: String

    private static let shared = Mutex<PrivatePostgres?>(nil)
    private static let count = Atomic(0)

    /// In the shared cluster, which ends with this process.
    static func make(isMigrated: Bool = true, options: String = "") async throws -> SchemaDatabase {
        let cluster = try shared.withLock { cluster in
            if let cluster { return cluster }
            let started = try PrivatePostgres.start(fsync: false)
            cluster = started
            return started
        }
        return try await make(in: cluster, isMigrated: isMigrated, options: options)
    }

    /// In a cluster of its own, which `body` may break.
    static func withOwnCluster(
        settings: [String: String] = [:], fsync: Bool = true, _ body: (SchemaDatabase) async throws -> Void
    ) async throws {
        let cluster = try PrivatePostgres.start(fsync: fsync, settings: settings)
        defer { cluster.stop() }
        try await body(try await make(in: cluster, isMigrated: true, options: ""))
    }

    /// A migrated database and a client of it, which is closed when `body` ends.
    static func with<Client>(
        _ client: (PostgresSettings) -> Client, close: (Client) async -> Void,
        _ body: (SchemaDatabase, Client) async throws -> Void
    ) async throws {
        let database = try await make()
        let client = client(database.settings())
        do {
            try await body(database, client)
        } catch {
            await close(client)
            throw error
        }
        await close(client)
    }

    private static func make(in cluster: PrivatePostgres, isMigrated: Bool, options: String) async throws
        -> SchemaDatabase
    {
        let name = "test_\(count.add(1, ordering: .relaxed).newValue)"
        let connection = try PostgresConnection(dsn: cluster.dsn())
        try connection.execute("CREATE DATABASE \(name) \(options)")
        connection.close()
        let database = SchemaDatabase(cluster: cluster, name: name)
        if isMigrated { try await Schema.migrate(database.settings()) }
        return database
    }

    func settings(user: String = "postgres", password: String? = nil, deadline: Duration = .seconds(20))
        -> PostgresSettings
    {
        PostgresSettings(
            dsn: cluster.dsn(database: name, user: user, password: password), applicationName: "lorikeet-test",
            connectTimeout: .seconds(10), statementDeadline: deadline)
    }

    /// Through a proxy before the server's socket.
    func settings(through proxy: FaultProxy, deadline: Duration = .seconds(20), _ more: String = "") -> PostgresSettings
    {
        PostgresSettings(
            dsn: "host=127.0.0.1 port=\(proxy.port) dbname=\(name) user=postgres \(more)",
            applicationName: "lorikeet-test",
            connectTimeout: min(deadline, .seconds(10)), statementDeadline: deadline)
    }

    /// Through a pooler before the server.
    func settings(
        through bouncer: PrivatePgBouncer, user: String = "postgres", deadline: Duration = .seconds(20)
    ) -> PostgresSettings {
        PostgresSettings(
            dsn: bouncer.dsn(database: name, user: user), applicationName: "lorikeet-test",
            connectTimeout: min(deadline, .seconds(10)), statementDeadline: deadline)
    }

    /// A proxy before the server's socket.
    func proxy(filter: @escaping @Sendable (UInt16) -> (any ProxyFilter)? = { _ in nil }) throws -> FaultProxy {
        try FaultProxy(to: .unix(path: cluster.folder + "/.s.PGSQL.5432"), filter: filter)
    }

    /// Ends the sessions of everyone but the caller, and waits until they are gone.
    func killSessions() throws {
        try sql(
            """
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = '\(name)' AND pid <> pg_backend_pid()
            """
        )
    }

    /// Runs statements as the cluster's owner, and returns the rows of the last.
    @discardableResult
    func sql(_ statements: String..., with parameters: [PostgresValue] = []) throws -> [PostgresRow] {
        let connection = try connect()
        defer { connection.close() }
        var rows: [PostgresRow] = []
        for statement in statements { rows = try connection.execute(statement, parameters).rows }
        return rows
    }

    func connect(user: String = "postgres") throws -> PostgresConnection {
        try PostgresConnection(dsn: cluster.dsn(database: name, user: user))
    }

    /// The rows of a query whose result is one number.
    func count(_ query: String) throws -> Int {
        Int(try sql("SELECT (\(query))::bigint AS n").first?.integer("n") ?? -1)
    }

    /// Creates a role that may log in, with the privileges of a daemon.
    func makeDaemonRole() async throws -> String {
        let role = "daemon_\(name)"
        try sql("CREATE ROLE \(role) LOGIN")
        try await Schema.migrate(settings(), grantingTo: role)
        return role
    }

    /// Adds labelled rows of a task.
    func annotate(_ rows: [(text: String, label: String)], task: String) throws {
        for (text, label) in rows {
            try sql(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ($1, $2, $3)",
                with: [.text(task), .text(text), .text(label)])
        }
    }

    /// Puts the end of the lease on retraining a task into the past.
    func expireLease(task: String) throws {
        try sql(
            "UPDATE lorikeet.leases SET expires_at = clock_timestamp() - interval '1 second' WHERE name = $1",
            with: [.text(TaskLease.name(of: task))])
    }

    /// Seconds until the lease on retraining a task expires; nil if there is none.
    func leaseSeconds(task: String) throws -> Double? {
        try sql(
            """
            SELECT extract(epoch FROM expires_at - clock_timestamp())::double precision AS s
            FROM lorikeet.leases WHERE name = $1
            """,
            with: [.text(TaskLease.name(of: task))]
        ).first?.double("s")
    }

    /// Returns when this number of sessions of the database waits for locks. The server polls, because it sends no
    /// event for that.
    ///
    /// Not on the caller's thread: the sessions may need it.
    func waitUntilBlocked(sessions: Int = 1) async throws {
        try await PostgresSession.once(settings(), "waiting for a lock") { connection in
            _ = try connection.execute(
                """
                DO $$ BEGIN LOOP
                    EXIT WHEN (
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                            AND application_name = 'lorikeet-test'
                    ) >= \(sessions);
                    PERFORM pg_stat_clear_snapshot(), pg_sleep(0.005);
                END LOOP; END $$
                """)
        }
    }
}
