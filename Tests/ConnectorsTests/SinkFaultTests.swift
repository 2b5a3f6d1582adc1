import Serving
import Testing

@testable import Connectors
@testable import LocalServers

/// PostgreSQL away, stopped, forbidden, changed under the sink's feet.
@Suite struct SinkFaultTests {
    private let batch = (0..<64).map { Samples.labelled($0, tasks: ["section", "role"]) }

    private func expectEveryRowOnce(_ database: SchemaDatabase) throws {
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 128)
        #expect(try database.count("SELECT count(DISTINCT (\"offset\", task)) FROM lorikeet.labels") == 128)
        #expect(try database.count("SELECT count(*) FROM lorikeet.rejected") == 0)
    }

    /// Breaks the database while a batch waits in the middle of its transaction, mends it, stores again.
    private func breakInMidStore(
        deadline: Duration = .seconds(20), _ fault: (PrivatePostgres) throws -> Void,
        mend: (PrivatePostgres) throws -> Void
    ) async throws {
        try await SchemaDatabase.withOwnCluster { database in
            let sink = PostgresLabelSink(database.settings(deadline: deadline), pipeline: "packages")
            try await sink.connect()
            let holder = try database.connect()
            try holder.execute("BEGIN")
            try holder.execute("LOCK TABLE lorikeet.labels IN EXCLUSIVE MODE")

            let storing = Task { try await sink.store(batch) }
            try await database.waitUntilBlocked()
            try fault(database.cluster)
            let error = await #expect(throws: ConnectorError.self) { try await storing.value }
            #expect(error?.action == .retry)
            holder.close()
            try mend(database.cluster)

            let receipt = try await sink.store(batch)
            #expect(receipt == StoreReceipt(labelled: 64))
            try expectEveryRowOnce(database)
            await sink.close()
        }
    }

    @Test func immediateStopWhileStoring() async throws {
        try await breakInMidStore({ try $0.crash() }, mend: { try $0.restart() })
    }

    @Test func restartWhileStoring() async throws {
        try await breakInMidStore({ try $0.restart() }, mend: { _ in })
    }

    @Test func aHungServerWhileStoringIsATimeout() async throws {
        try await breakInMidStore(deadline: .seconds(1), { $0.pause() }, mend: { $0.resume() })
    }

    @Test func aBackendThatIsKilledIsReplaced() async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        try await sink.connect()
        try database.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = '\(database.name)' AND pid <> pg_backend_pid()
            """
        )

        let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
        #expect(error?.action == .retry)
        _ = try await sink.store(batch)

        try expectEveryRowOnce(database)
        await sink.close()
    }

    @Test func aServerThatIsUnavailableAtTheStartIsRetried() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            try database.cluster.halt()
            let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
            let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
            #expect(error?.action == .retry)
            try database.cluster.restart()
            _ = try await sink.store(batch)
            try expectEveryRowOnce(database)
            await sink.close()
        }
    }

    @Test func aLockThatIsNeverReleasedIsATimeout() async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(deadline: .milliseconds(300)), pipeline: "packages")
        try await sink.connect()
        let holder = try database.connect()
        try holder.execute("BEGIN")
        try holder.execute("LOCK TABLE lorikeet.labels IN EXCLUSIVE MODE")
        let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
        #expect(error?.action == .retry)
        holder.close()
        await sink.close()
    }

    @Test func deadlockWithAnotherSessionIsRetried() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            "CREATE TABLE public.other (id int)",
            """
            CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock(42); LOCK TABLE public.other; RETURN NEW;
            END $$
            """,
            "CREATE TRIGGER wait BEFORE INSERT ON lorikeet.labels FOR EACH STATEMENT EXECUTE FUNCTION public.wait()",
            // The sink is to notice, and so the other session does not look.
            "ALTER DATABASE \(database.name) SET deadlock_timeout = '50ms'")
        let gate = try database.connect()
        try gate.execute("SELECT pg_advisory_lock(42)")
        let other = PostgresSession(database.settings(), name: "other")
        try await other.run("locking") { connection in
            try connection.execute("SET deadlock_timeout = '1h'")
            try connection.execute("BEGIN")
            try connection.execute("LOCK TABLE public.other")
        }
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")

        let storing = Task { try await sink.store([Samples.labelled(0)]) }
        try await database.waitUntilBlocked()
        let locking = Task {
            try await other.run("locking more") { connection in
                try connection.execute("LOCK TABLE lorikeet.labels IN ACCESS EXCLUSIVE MODE")
                try connection.execute("ROLLBACK")
            }
        }
        try await database.waitUntilBlocked(sessions: 2)
        gate.close()
        let error = await #expect(throws: ConnectorError.self) { try await storing.value }
        #expect(error?.action == .retry)
        #expect(error?.reason.contains("40P01") == true)
        try await locking.value
        _ = try await sink.store([Samples.labelled(0)])
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 1)
        await other.close()
        await sink.close()
    }

    @Test func aReadOnlyServerIsRetried() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
        #expect(error?.action == .retry)
        #expect(error?.reason.contains("read-only") == true)
        await sink.close()
    }

    @Test func tooManyConnectionsAreRetried() async throws {
        let database = try await SchemaDatabase.make()
        let role = try await database.makeDaemonRole()
        try database.sql("ALTER ROLE \(role) CONNECTION LIMIT 0")
        let sink = PostgresLabelSink(database.settings(user: role), pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
        #expect(error?.action == .retry)
        try database.sql("ALTER ROLE \(role) CONNECTION LIMIT -1")
        _ = try await sink.store(batch)
        try expectEveryRowOnce(database)
        await sink.close()
    }

    @Test(arguments: [
        ("DROP TABLE lorikeet.labels CASCADE", "labels", FailureAction.retry),
        ("DROP TABLE lorikeet.rejected", "rejected", .retry),
        ("ALTER TABLE lorikeet.labels DROP COLUMN scores CASCADE", "scores", .stop),
    ])
    func whatIsMissingIsNamed(_ statement: String, _ name: String, _ action: FailureAction) async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        _ = try await sink.store([Samples.labelled(0)])
        try database.sql(statement)
        let error = await #expect(throws: ConnectorError.self) { try await sink.store([Samples.labelled(1)]) }
        #expect(error?.action == action)
        #expect(error?.reason.contains(name) == true)
        await sink.close()
    }

    @Test func aMalformedConnectionStringStops() async throws {
        let sink = PostgresLabelSink(PostgresSettings(dsn: "hosst=db password=hunter2"), pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) { try await sink.store(batch) }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains("hunter2") == false)
    }
}

/// Passwords.
@Suite struct PasswordTests {
    @Test func wrongPasswordStopsWithoutShowingIt() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            // The private cluster asks members of this role for a password.
            try database.sql(
                "CREATE ROLE password_required",
                "CREATE ROLE secured LOGIN PASSWORD 'right one' IN ROLE password_required")

            let sink = PostgresLabelSink(database.settings(user: "secured", password: "hunter2"), pipeline: "packages")
            let error = await #expect(throws: ConnectorError.self) { try await sink.store([Samples.labelled(0)]) }
            #expect(error?.action == .stop)
            #expect(error?.reason.contains("user or password") == true)
            #expect(error?.reason.contains("hunter2") == false)

            try await Schema.migrate(database.settings(), grantingTo: "secured")
            let right = PostgresLabelSink(
                database.settings(user: "secured", password: "right one"), pipeline: "packages")
            _ = try await right.store([Samples.labelled(0)])
            await right.close()
        }
    }
}
