import Foundation
import PostgresClient
import Synchronization
import TestSupport
import Testing

@testable import Connectors

/// A whole serving path whose database fails: nothing is lost, nothing doubled, and the operator sees one line when it
/// begins and one when it ends.
@Suite(.timeLimit(.minutes(5))) struct PostgresFaultTests {
    private static func texts(_ count: Int) -> [String] { (0..<count).map { "text \($0)" } }

    /// Half of the messages come before the fault, half of them while it lasts.
    private func survive(
        _ database: SchemaDatabase, settings: PostgresSettings? = nil, failures: Int = 3, causes: Set<String>,
        reason: String? = nil, fault: () throws -> Void, mend: () throws -> Void
    ) async throws {
        let source = ScriptedTextSource(pollLimit: 20)
        let pipeline = try LivePipeline(source, database, settings: settings) { $0.maximumInFlight = 60 }
        source.produce(texts: Self.texts(100))
        try await pipeline.whileRunning {
            await pipeline.waitUntilStored(40)
            let before = pipeline.sink.state.value.failures.count
            try fault()
            source.produce(texts: Self.texts(100))
            await pipeline.waitForFailures(before + failures)
            if failures > 1 { await expectTheWaitIsSeen(pipeline, source) }
            try mend()
            await pipeline.waitUntilStored(200)
            await pipeline.source.state.wait { $0.committed.values.first == 200 && !$0.isPaused }
            #expect(pipeline.way.status.isReady)
        }
        pipeline.expectOutages(of: "sink", causes: causes, reason: reason)
        try pipeline.expectEveryMessageOnce(200)
    }

    /// Not ready, paused, still polling, and no more in memory than allowed.
    private func expectTheWaitIsSeen(_ pipeline: LivePipeline, _ source: ScriptedTextSource) async {
        await source.state.wait { $0.isPaused }
        let polls = source.state.value.polls
        await source.state.wait { $0.polls > polls + 2 }
        let status = pipeline.way.status
        #expect(status.state == .waiting && !status.isReady && status.isPaused)
        #expect(status.waitingFor?.hasPrefix("PostgreSQL") == true)
        #expect(status.inFlight <= 80)
    }

    // MARK: - The server goes away

    @Test func restart() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            try await survive(
                database, failures: 1, causes: ["57P01", "57P03", "08006", "08001"],
                fault: { try database.cluster.restart() }, mend: {})
        }
    }

    @Test func immediateStopForAWhile() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            try await survive(
                database, failures: 10, causes: ["57P01", "57P02", "57P03", "08006", "08001"],
                fault: { try database.cluster.crash() }, mend: { try database.cluster.restart() })
        }
    }

    @Test func aHungServerIsATimeout() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            var settings = database.settings(deadline: .milliseconds(500))
            settings.connectTimeout = .milliseconds(500)
            try await survive(
                database, settings: settings, failures: 2, causes: ["57014", "08001"],
                fault: { database.cluster.pause() },
                mend: { database.cluster.resume() })
        }
    }

    @Test func eachBackendThatIsKilledIsReplaced() async throws {
        let database = try await SchemaDatabase.make()
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database)
        try await pipeline.whileRunning {
            for round in 1...3 {
                source.produce(texts: Self.texts(20))
                await pipeline.waitUntilStored(20 * round)
                try database.killSessions()
            }
            source.produce(texts: Self.texts(20))
            await pipeline.waitUntilStored(80)
        }
        pipeline.expectOutages(3, of: "sink", causes: ["57P01", "08006"])
        try pipeline.expectEveryMessageOnce(80)
    }

    // MARK: - The server refuses

    @Test func readOnly() async throws {
        let database = try await SchemaDatabase.make()
        try await survive(
            database, causes: ["25006", "57P01", "08006"],
            fault: {
                try database.sql("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
                try database.killSessions()
            },
            mend: {
                try database.sql(
                    "SET default_transaction_read_only = off",
                    "ALTER DATABASE \(database.name) RESET default_transaction_read_only")
            })
    }

    @Test func noConnectionIsFree() async throws {
        let limits = ["max_connections": "5", "superuser_reserved_connections": "0"]
        try await SchemaDatabase.withOwnCluster(settings: limits) { database in
            var hoard: [PostgresConnection] = []
            while let connection = try? database.connect() { hoard.append(connection) }
            #expect(hoard.count == 5)
            let source = ScriptedTextSource()
            let pipeline = try LivePipeline(source, database)
            source.produce(texts: Self.texts(50))
            try await pipeline.whileRunning {
                await pipeline.waitForFailures(3)
                await expectTheWaitIsSeen(pipeline, source)
                hoard.removeFirst().close()
                await pipeline.waitUntilStored(50)
            }
            pipeline.expectOutages(of: "sink", causes: ["53300"], reason: "too many connections")
            // The server frees a connection a moment after the client has closed it: ask over one that is open.
            let watch = hoard.removeLast()
            for connection in hoard { connection.close() }
            let backends = "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend'"
            try await eventually("the end of all sessions") { try watch.execute(backends).first?.integer("n") == 1 }
            try pipeline.expectEveryMessageOnce(50)
        }
    }

    /// The table's file is a link to `/dev/full`, which has no room for anything: the server meets ENOSPC where it
    /// extends the table.
    @Test func theDiskIsFull() async throws {
        try await SchemaDatabase.withOwnCluster(fsync: false) { database in
            let path = try #require(try database.sql("SELECT pg_relation_filepath('lorikeet.labels') AS p").first).text(
                "p")
            let file = "\(database.cluster.folder)/data/\(path)"
            try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "/dev/full")
            let source = ScriptedTextSource()
            let pipeline = try LivePipeline(source, database)
            source.produce(texts: Self.texts(50))
            try await pipeline.whileRunning {
                await pipeline.waitForFailures(3)
                await expectTheWaitIsSeen(pipeline, source)
                try FileManager.default.removeItem(atPath: file)
                try FileManager.default.moveItem(atPath: file + ".away", toPath: file)
                await pipeline.waitUntilStored(50)
            }
            pipeline.expectOutages(of: "sink", causes: ["53100"], reason: "disk is full")
            try pipeline.expectEveryMessageOnce(50)
        }
    }

    @Test func aDroppedTableIsNamedAndRetried() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            "CREATE TABLE public.spare (LIKE lorikeet.labels INCLUDING ALL)", "DROP TABLE lorikeet.labels CASCADE")
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database)
        source.produce(texts: Self.texts(50))
        try await pipeline.whileRunning {
            await pipeline.waitForFailures(3)
            await expectTheWaitIsSeen(pipeline, source)
            #expect(pipeline.way.status.waitingFor?.contains("lorikeet.labels") == true)
            try database.sql(
                "ALTER TABLE public.spare SET SCHEMA lorikeet", "ALTER TABLE lorikeet.spare RENAME TO labels")
            await pipeline.waitUntilStored(50)
        }
        pipeline.expectOutages(of: "sink", causes: ["42P01"], reason: "lorikeet.labels")
        try pipeline.expectEveryMessageOnce(50)
    }

    // MARK: - Transactions that lose

    @Test func serializationFailure() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            "ALTER DATABASE \(database.name) SET default_transaction_isolation = 'repeatable read'",
            "CREATE TABLE public.counter (n int)", "INSERT INTO public.counter VALUES (0)",
            """
            CREATE FUNCTION public.count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                PERFORM pg_advisory_xact_lock(42); UPDATE public.counter SET n = n + 1; RETURN NULL;
            END $$
            """,
            "CREATE TRIGGER count AFTER INSERT ON lorikeet.labels FOR EACH STATEMENT EXECUTE FUNCTION public.count()")
        let gate = try database.connect()
        try gate.execute("SELECT pg_advisory_lock(42)")
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database)
        source.produce(texts: Self.texts(50))
        try await pipeline.whileRunning {
            // The sink's snapshot is taken; what it wants to change then changes under it.
            try await database.waitUntilBlocked()
            try gate.execute("UPDATE public.counter SET n = n + 1")
            gate.close()
            await pipeline.waitForFailures(1)
            await pipeline.waitUntilStored(50)
        }
        pipeline.expectOutages(of: "sink", causes: ["40001"])
        try pipeline.expectEveryMessageOnce(50)
    }

    @Test(arguments: [LostCommit.Moment.afterIt, .beforeIt])
    func aCommitWhoseAnswerIsLost(_ moment: LostCommit.Moment) async throws {
        let database = try await SchemaDatabase.make()
        let losses = Watched(0)
        let proxy = try database.proxy { _ in LostCommit(moment, losses: losses, limit: 3) }
        defer { proxy.stop() }
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database, settings: database.settings(through: proxy))
        source.produce(texts: Self.texts(50))
        try await pipeline.whileRunning {
            await losses.wait { $0 == 3 }
            await pipeline.waitUntilStored(50)
        }
        #expect(pipeline.sink.state.value.failures.count == 3)
        pipeline.expectOutages(of: "sink", causes: ["08006"])
        try pipeline.expectEveryMessageOnce(50)
    }

    /// Slow is not away: the source is held back, memory stays bounded, nobody is alarmed.
    @Test func aHundredMillisecondsPerCommit() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            """
            CREATE FUNCTION public.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF current_setting('test.dawdled', true) IS DISTINCT FROM 'yes' THEN
                    PERFORM set_config('test.dawdled', 'yes', true), pg_sleep(0.1);
                END IF;
                RETURN NULL;
            END $$
            """,
            """
            CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON lorikeet.labels DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION public.dawdle()
            """)
        let source = ScriptedTextSource(pollLimit: 20)
        let pipeline = try LivePipeline(source, database) { $0.maximumInFlight = 100 }
        source.produce(texts: Self.texts(1000))
        let peak = Mutex(0)
        try await pipeline.whileRunning {
            for step in 1...10 {
                await pipeline.waitUntilStored(100 * step)
                let inFlight = pipeline.way.status.inFlight
                peak.withLock { $0 = max($0, inFlight) }
            }
        }
        #expect(peak.withLock { $0 } <= 120)
        #expect(source.state.value.pauses > 0)
        #expect(pipeline.log.outages().isEmpty)
        try pipeline.expectEveryMessageOnce(1000)
    }
}

/// Cuts the connection around a COMMIT, so often at most.
final class LostCommit: ProxyFilter {
    enum Moment: Sendable {
        /// The server did it; its answer is lost.
        case afterIt
        /// The server never hears of it.
        case beforeIt
    }

    private static let commit = Array("COMMIT\0".utf8)
    private let moment: Moment
    private let losses: Watched<Int>
    private let limit: Int
    private var isAsked = false

    init(_ moment: Moment, losses: Watched<Int>, limit: Int) {
        (self.moment, self.losses, self.limit) = (moment, losses, limit)
    }

    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict {
        isAsked = losses.value < limit && bytes.contains(Self.commit)
        guard isAsked, moment == .beforeIt else { return .pass(bytes) }
        return lose()
    }

    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { isAsked ? lose() : .pass(bytes) }

    private func lose() -> ProxyVerdict {
        losses.update { $0 += 1 }
        return .cut
    }
}
