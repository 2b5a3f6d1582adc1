import AdapterRegistry
import BERT
import Connectors
import JSON
import LocalServers
import Threading

/// `lorikeet benchmark scale`: what many daemons with many tasks ask of one database, in rest and at a promotion.
///
/// The daemons are simulated in one process. Each follows the adapter store, measures accuracy and looks for what to
/// retrain with the statements and at the pace of a real one, on connections of its own, but labels nothing. Their
/// adapters are real and small.
public struct ScaleBenchmark: Sendable {
    private let base: BERTBase
    private let daemons: Int
    private let tasks: [String]
    private let settling: Int
    private let seconds: Int
    private let listens: Bool
    private let seed: UInt64
    /// Labels and annotations of each task.
    private static let rowsPerTask = 20
    private static let promotionLimit = Duration.seconds(60)

    /// - Parameters:
    ///   - base: a small one: each daemon holds all adapters.
    ///   - adapters: how many are live, one per task.
    ///   - settling: seconds before the rest: by default every daemon looks at everything once.
    ///   - seconds: how long the rest is measured.
    ///   - listens: whether promotions are notified, as with `sink.postgres_direct`.
    ///   - seed: of the adapters' weights and of the daemons' phases.
    public init(base: BERTBase, daemons: Int, adapters: Int, settling: Int, seconds: Int, listens: Bool, seed: UInt64) {
        self.base = base
        self.daemons = daemons
        tasks = (0..<adapters).map { "task \($0)" }
        (self.settling, self.seconds, self.listens, self.seed) = (settling, seconds, listens, seed)
    }

    /// Starts the database and the daemons, and measures.
    ///
    /// - Returns: the figures as one JSON object.
    public func run() async throws -> JSONValue {
        let postgres = try PrivatePostgres.start(
            fsync: false, settings: ["max_connections": "\(5 * daemons + 50)", "shared_buffers": "256MB"])
        defer { postgres.stop() }
        let database = LabDatabase(dsn: postgres.dsn())
        try await database.migrate()
        let store = PostgresAdapterStore(PostgresSettings(dsn: postgres.dsn(), applicationName: "scale"))
        for number in tasks.indices { try await promote(number, seed: seed, in: store) }
        try await addRows(to: database)
        let fleet = (0..<daemons).map { number in
            SimulatedDaemon(
                PostgresSettings(dsn: postgres.dsn(), applicationName: "daemon \(number)"), tasks: tasks, base: base,
                listens: listens, seed: seed &+ UInt64(number))
        }
        let figures = try await withThrowingTaskGroup(of: Void.self) { group in
            let start = try ServerLoad(of: postgres, through: database, at: await database.loadCounters())
            for daemon in fleet { group.addTask { try await daemon.start() } }
            try await group.waitForAll()
            let started = try await start.since(database)
            for daemon in fleet { group.addTask { await daemon.run() } }
            defer { group.cancelAll() }
            return try await measure(fleet, postgres, database, store, started: started)
        }
        for daemon in fleet { await daemon.close() }
        await store.close()
        await database.close()
        return figures
    }

    // MARK: - Phases

    private func measure(
        _ fleet: [SimulatedDaemon], _ postgres: PrivatePostgres, _ database: LabDatabase, _ store: PostgresAdapterStore,
        started: ServerLoad.Figures
    ) async throws -> JSONValue {
        try await Task.sleep(for: .seconds(settling))
        let rest = try ServerLoad(of: postgres, through: database, at: await database.loadCounters())
        try await Task.sleep(for: .seconds(seconds))
        let resting = try await rest.since(database)
        let connections = try await database.number(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'daemon %'")
        let promotion = try ServerLoad(of: postgres, through: database, at: await database.loadCounters())
        let committed = ContinuousClock.now
        let version = try await promote(0, seed: seed &+ 1_000_003, in: store)
        var times: [Double] = []
        for daemon in fleet {
            let swapped = try await daemon.swapped(tasks[0], to: version.digest, within: Self.promotionLimit)
            times.append(max(0, committed.duration(to: swapped).inSeconds))
        }
        let promoting = try await promotion.since(database)
        return .object([
            ("name", .string("scale")), ("daemons", .integer(daemons)), ("adapters", .integer(tasks.count)),
            ("listen", .boolean(listens)), ("connections", .integer(connections)),
            ("start_statements", .integer(started.statements)), ("start_seconds", .rounded(started.seconds, 1)),
            ("rest_statements_per_second", .rounded(resting.perSecond(resting.statements), 1)),
            ("rest_rows_per_second", .rounded(resting.perSecond(resting.rows), 0)),
            ("rest_server_cores", .rounded(resting.processorSeconds / resting.seconds, 3)),
            ("promotion_statements", .integer(promoting.statements)),
            ("promotion_server_seconds", .rounded(promoting.processorSeconds, 3)),
            ("median_seconds_until_live", .rounded(Measurements(times).median, 3)),
            ("last_seconds_until_live", .rounded(times.max() ?? 0, 3)),
        ])
    }

    @discardableResult
    private func promote(_ task: Int, seed: UInt64, in store: PostgresAdapterStore) async throws -> AdapterVersion {
        let adapter = try RandomAdapter.make(over: base, seed: seed &* 100_003 &+ UInt64(task))
        let candidate = try await store.publish(
            task: tasks[task], adapter: adapter, metrics: [:], parentDigest: nil, trainingRows: nil)
        let promotion = Promotion(by: "benchmark scale", reason: "every task has an adapter")
        return try await store.promote(task: tasks[task], version: candidate.version, promotion)
    }

    /// Labels of the live adapters, annotations of the same texts, and a retraining per task.
    private func addRows(to database: LabDatabase) async throws {
        try await database.executeScript(
            """
            INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                scores, adapter_digest, labelled_at)
            SELECT 'p', 't', 0, n, a.task, now() - interval '2 hours', 'label 0', 0.9, '{"label 0": 0.9}', a.digest,
                now() - interval '2 hours'
            FROM lorikeet.adapters AS a, generate_series(1, \(Self.rowsPerTask)) AS n;
            INSERT INTO lorikeet.annotations (task, text, label, source, topic, "partition", "offset", created_at)
            SELECT task, 'text ' || "offset", 'label 0', 'random', topic, "partition", "offset",
                now() - interval '1 hour'
            FROM lorikeet.labels;
            INSERT INTO lorikeet.retrainings (task, trigger, started_at, finished_at, verdict, reason)
            SELECT task, 'rows', now() - interval '30 minutes', now() - interval '29 minutes', 'rejected', 'lost'
            FROM lorikeet.adapters;
            ANALYZE;
            """)
    }
}
