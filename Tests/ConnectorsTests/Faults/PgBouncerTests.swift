import Foundation
import PostgresClient
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Everything through PgBouncer in transaction mode with three server connections works as on a direct connection.
@Suite(.timeLimit(.minutes(5))) struct PgBouncerTests {
    private static func texts(_ count: Int) -> [String] { (0..<count).map { "text \($0)" } }

    private func withBouncer(
        settings: [String: String] = [:], _ body: (SchemaDatabase, PrivatePgBouncer) async throws -> Void
    ) async throws {
        try await SchemaDatabase.withOwnCluster { database in
            let role = try await database.makeDaemonRole()
            try await withPgBouncer(before: database.cluster, users: ["postgres", role], settings: settings) {
                bouncer in
                try await body(database, bouncer)
            }
        }
    }

    // MARK: - Promises

    @Test func labelledRowsKeepEveryPromise() async throws {
        try await withBouncer { database, bouncer in
            let source = PostgresLabelledRowSource(database.settings(through: bouncer, user: "daemon_\(database.name)"))
            try await LabelledRowSourceConformance(
                source: source, add: { try database.annotate($0, task: $1) },
                expire: { try database.expireLease(task: $0) }
            ).run()
            try expectNothingStays(database, bouncer)
            await source.close()
        }
    }

    @Test func adaptersKeepEveryPromise() async throws {
        try await withBouncer { database, bouncer in
            let store = PostgresAdapterStore(database.settings(through: bouncer, user: "daemon_\(database.name)"))
            let model = try TinyModel.shared.get()
            let adapters = try (1...3).map { try model.adapter(labels: ["red", "blue"], seed: UInt64($0)) }
            try await AdapterStoreConformance(store: store, adapters: adapters).run()
            try expectNothingStays(database, bouncer)
            await store.close()
        }
    }

    @Test func theSchemaIsMigrated() async throws {
        try await withBouncer { database, bouncer in
            try database.sql("DROP SCHEMA lorikeet CASCADE")
            let change = try await Schema.migrate(database.settings(through: bouncer))
            #expect(change == SchemaChange(before: 0, after: Schema.expectedVersion))
            try expectNothingStays(database, bouncer)
        }
    }

    /// What is committed is durable whatever the role prefers, and a suspended process holds no lock for ever: both
    /// only for the transaction.
    @Test func aTransactionHasItsOwnSettings() async throws {
        try await withBouncer { database, bouncer in
            let role = "daemon_\(database.name)"
            try database.sql(
                "ALTER ROLE \(role) SET synchronous_commit = off",
                """
                CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    NEW.text := concat_ws(
                        ' ', current_setting('synchronous_commit'),
                        current_setting('idle_in_transaction_session_timeout'));
                    RETURN NEW;
                END $$
                """,
                "CREATE TRIGGER seen BEFORE INSERT OR UPDATE ON lorikeet.labels FOR EACH ROW EXECUTE FUNCTION seen()")
            let settings = database.settings(through: bouncer, user: role)
            let sink = PostgresLabelSink(settings, pipeline: "packages")
            _ = try await sink.store([Samples.labelled(0)])
            #expect(
                try database.sql("SELECT DISTINCT text FROM lorikeet.labels").map { try $0.text("text") } == ["on 1min"]
            )
            let other = try PostgresConnection(dsn: settings.dsn)
            let outside = try other.execute(
                """
                SELECT current_setting('synchronous_commit') AS s,
                    current_setting('idle_in_transaction_session_timeout') AS t
                """
            )[0]
            #expect(try outside.text("s") == "off" && outside.text("t") == "0")
            try expectNothingStays(database, bouncer)
            await sink.close()
        }
    }

    /// No lock, no setting and no LISTEN in any session of the pool; no connection to the server that someone holds.
    private func expectNothingStays(
        _ database: SchemaDatabase, _ bouncer: PrivatePgBouncer, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let locks = try database.count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        #expect(locks == 0, sourceLocation: sourceLocation)
        let held = try bouncer.show("POOLS", column: "sv_active", database: database.name).reduce(0, +)
        #expect(held == 0, sourceLocation: sourceLocation)
        // Three clients that are in transactions at once see every session there can be.
        let clients = try (0..<3).map { _ in
            try PostgresConnection(dsn: bouncer.dsn(database: database.name), applicationName: "test")
        }
        for client in clients {
            try client.execute("BEGIN")
            // Those that PgBouncer itself keeps for each of its clients.
            let row = try client.execute(
                """
                SELECT coalesce(string_agg(name, ' '), '') AS settings,
                    (SELECT count(*) FROM pg_listening_channels()) AS channels
                FROM pg_settings WHERE source = 'session' AND name NOT IN
                    ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')
                """)[0]
            #expect(try row.text("settings") == "" && row.integer("channels") == 0, sourceLocation: sourceLocation)
        }
        for client in clients { client.close() }
    }

    // MARK: - Faults

    /// Half of the messages arrive before the fault, half during it.
    private func survive(
        settings: [String: String] = [:], deadline: Duration = .seconds(20), failures: Int = 1, causes: Set<String>,
        fault: (SchemaDatabase, PrivatePgBouncer) async throws -> Void,
        mend: (SchemaDatabase, PrivatePgBouncer) async throws -> Void
    ) async throws {
        try await withBouncer(settings: settings) { database, bouncer in
            let source = ScriptedTextSource(pollLimit: 20)
            let pipeline = try LivePipeline(
                source, database, settings: database.settings(through: bouncer, deadline: deadline))
            source.produce(texts: Self.texts(100))
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(40)
                let before = pipeline.sink.state.value.failures.count
                try await fault(database, bouncer)
                source.produce(texts: Self.texts(100))
                await pipeline.waitForFailures(before + failures)
                try await mend(database, bouncer)
                await pipeline.waitUntilStored(200)
            }
            pipeline.expectOutages(of: "sink", causes: causes)
            try pipeline.expectEveryMessageOnce(200)
            try expectNothingStays(database, bouncer)
        }
    }

    @Test func thePoolerIsRestarted() async throws {
        try await survive(
            failures: 3, causes: ["08006", "08001"], fault: { _, bouncer in bouncer.crash() },
            mend: { _, bouncer in try await bouncer.start() })
    }

    @Test func theServerBehindItIsDown() async throws {
        try await survive(
            settings: ["query_wait_timeout": "1"], failures: 2, causes: ["08P01", "57P01", "08006", "08001"],
            fault: { database, _ in try database.cluster.halt() },
            mend: { database, _ in try database.cluster.restart() })
    }

    @Test func theServerBehindItCrashes() async throws {
        try await survive(
            settings: ["query_wait_timeout": "1"], failures: 2,
            causes: ["08P01", "57P01", "57P02", "57P03", "08006", "08001"],
            fault: { database, _ in try database.cluster.crash() },
            mend: { database, _ in try database.cluster.restart() })
    }

    /// Longer than a statement may take: the daemon cancels by itself.
    @Test func theServerBehindItIsSilent() async throws {
        try await survive(
            deadline: .milliseconds(500), failures: 2, causes: ["57014", "08P01", "57P01", "08006", "08001"],
            fault: { database, _ in try database.cluster.halt() },
            mend: { database, _ in try database.cluster.restart() })
    }

    @Test func othersHoldEveryConnectionOfThePool() async throws {
        try await withBouncer(settings: ["query_wait_timeout": "1"]) { database, bouncer in
            let source = ScriptedTextSource(pollLimit: 20)
            let pipeline = try LivePipeline(source, database, settings: database.settings(through: bouncer))
            let others = try (0..<3).map { _ in try PostgresConnection(dsn: bouncer.dsn(database: database.name)) }
            for other in others { try other.execute("BEGIN") }
            source.produce(texts: Self.texts(100))
            try await pipeline.whileRunning {
                await pipeline.waitForFailures(2)
                for other in others { try other.execute("COMMIT") }
                await pipeline.waitUntilStored(100)
            }
            pipeline.expectOutages(of: "sink", causes: ["08P01"], reason: "query_wait_timeout")
            try pipeline.expectEveryMessageOnce(100)
        }
    }

    // MARK: - Its own errors

    /// Whatever only a person can resolve ends the daemon, even though PgBouncer has one code for nearly everything.
    @Test func wrongConnectionStringsStop() async throws {
        try await withBouncer { database, bouncer in
            for dsn in [
                bouncer.dsn(database: "nowhere"), bouncer.dsn(database: database.name, user: "stranger"),
                bouncer.dsn(database: database.name, "options='-c search_path=mine'"),
            ] {
                let sink = PostgresLabelSink(
                    PostgresSettings(dsn: dsn, statementDeadline: .seconds(5)), pipeline: "packages")
                let error = await #expect(throws: ConnectorError.self) { try await sink.connect() }
                #expect(error?.action == .stop, "\(error.map { $0.reason } ?? "")")
                await sink.close()
            }
        }
    }

    @Test func tooManyClientsAreRetried() async throws {
        try await withBouncer(settings: ["max_client_conn": "2"]) { database, bouncer in
            let others = try (0..<2).map { _ in try PostgresConnection(dsn: bouncer.dsn(database: database.name)) }
            let sink = PostgresLabelSink(database.settings(through: bouncer), pipeline: "packages")
            let error = await #expect(throws: ConnectorError.self) { try await sink.connect() }
            #expect(
                error?.action == .retry && error?.reason.contains("no more connections allowed") == true,
                "\(error.map { $0.reason } ?? "")"
            )
            for other in others { other.close() }
            await sink.close()
        }
    }

    @Test func aPoolerIsRefusedForNotifications() async throws {
        try await withBouncer { database, bouncer in
            let (pooled, direct) = (database.settings(through: bouncer), database.settings())
            #expect(try await AdapterNotifications.arrive(at: direct, sentThrough: pooled))
            let error = await #expect(throws: ConnectorError.self) {
                try await AdapterNotifications.arrive(at: pooled, sentThrough: direct)
            }
            #expect(error?.reason.contains("through a pooler") == true)
            // Polling goes on beside a connection that cannot listen.
            var hints = AdapterNotifications(direct: pooled, pollInterval: .milliseconds(20)).makeAsyncIterator()
            for _ in 0..<3 { #expect(await hints.next() == .poll) }
            try expectNothingStays(database, bouncer)
        }
    }

    @Test func aNotificationOfAnotherDatabaseDoesNotArrive() async throws {
        let (one, other) = (try await SchemaDatabase.make(), try await SchemaDatabase.make())
        #expect(
            try await !AdapterNotifications.arrive(
                at: one.settings(), sentThrough: other.settings(), within: .milliseconds(50)))
    }
}
