import Foundation
import KafkaClient
import LocalServers
import Operations
import Pipelines
import PostgresClient
import Threading

/// Broker and database of a soak, private ones or outside ones, and what can be done to them.
public actor SoakServers {
    private let thread = DedicatedThread(name: "soak-servers")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    nonisolated let brokers: String
    nonisolated let dsn: String
    private let settings: SoakSettings
    private let broker: EmbeddedBroker?
    private let postgres: PrivatePostgres?
    /// Whether the outside broker was broken and not mended yet.
    private var isBrokerBroken = false
    /// Partitions of the topic and when they were asked for.
    private var partitions: (count: Int, asked: ContinuousClock.Instant)?

    /// What breaks daemons and group now and then, and must be survived: codes of the Kafka protocol by request.
    private static let refusals: [(KafkaAPI, [Int32])] = [
        // NOT_LEADER_OR_FOLLOWER, a cut connection
        (.fetch, [6, -195, 6]),
        // COORDINATOR_LOAD_IN_PROGRESS, REBALANCE_IN_PROGRESS, NOT_COORDINATOR
        (.offsetCommit, [14, 27, 16]),
        // ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID
        (.heartbeat, [22, 25]),
        (.joinGroup, [16, 15]),
        (.offsetFetch, [14, 16]),
        (.produce, [6, 7, -195]),
        (.findCoordinator, [15]),
    ]

    init(_ settings: SoakSettings, folder: URL) throws {
        self.settings = settings
        broker = try settings.brokers == nil ? EmbeddedBroker() : nil
        postgres = try settings.database == nil ? PrivatePostgres.start(directory: folder.path) : nil
        try broker?.createTopic(settings.topic, partitions: settings.partitions)
        brokers = settings.brokers ?? broker?.bootstrapServers ?? ""
        dsn = settings.database ?? postgres?.dsn() ?? ""
    }

    func migrate() async throws { _ = try await MigrateOperation.run(postgres: Secret(dsn), role: nil) }

    /// The faults that can be made here.
    nonisolated var possible: [SoakFault.Kind] {
        SoakFault.Kind.allCases.filter {
            (!$0.needsOwnDatabase || postgres != nil) && (!$0.needsOwnBroker || broker != nil)
                && (!$0.needsCommand || settings.breakBroker != nil)
        }
    }

    /// Begins a fault of the servers; one of a daemon is not ours.
    func begin(_ fault: SoakFault, random: UInt64) async throws {
        switch fault.kind {
        case .killDaemon, .terminateDaemon, .freezeDaemon: break
        case .killBackends:
            _ = try query(
                """
                SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
                WHERE datname = current_database() AND usename = current_user AND application_name LIKE 'lorikeet%'
                """)
        case .restartDatabase: try postgres?.halt()
        case .crashDatabase: try postgres?.crash()
        case .freezeDatabase: postgres?.pause()
        case .refuseRequests:
            let (api, codes) = Self.refusals[Int(random % UInt64(Self.refusals.count))]
            try broker?.pushErrors(api, codes)
        case .slowBroker: try broker?.setRoundTrip(.milliseconds(700))
        case .cutBroker: try broker?.setDown()
        case .breakBroker:
            isBrokerBroken = true
            try await runBrokerCommand("break")
        }
    }

    func end(_ fault: SoakFault) async throws {
        switch fault.kind {
        case .killDaemon, .terminateDaemon, .freezeDaemon, .killBackends: break
        case .restartDatabase, .crashDatabase: try postgres?.restart()
        case .freezeDatabase: postgres?.resume()
        case .refuseRequests: for (api, _) in Self.refusals { try broker?.clearErrors(api) }
        case .slowBroker: try broker?.setRoundTrip(.zero)
        case .cutBroker: try broker?.setUp()
        case .breakBroker: try await mendBroker()
        }
    }

    private func mendBroker() async throws {
        guard isBrokerBroken else { return }
        try await runBrokerCommand("mend")
        isBrokerBroken = false
    }

    private func runBrokerCommand(_ word: String) async throws {
        guard let command = settings.breakBroker else { return }
        let process = try ChildProcess(
            program: "/bin/sh", arguments: ["-c", "\(command) \(word)"],
            environment: ProcessInfo.processInfo.environment)
        let status = await process.ending().status
        guard status == 0 else { throw CommandFailure(.failed, "the broker's command ended with \(status) at \(word)") }
    }

    /// Leaves nothing behind that it broke.
    func stop() async {
        try? await mendBroker()
        broker?.stop()
        postgres?.stop()
    }

    // MARK: - Looking

    /// About how many messages are stored: from the ends of the index, so that it costs nothing.
    func stored(pipeline: String) throws -> Int {
        let topic = settings.topic
        return try query(
            """
            SELECT coalesce(sum(1 + (SELECT max("offset") FROM lorikeet.labels WHERE pipeline = $1 AND topic = $2 AND "partition" = p)
                - (SELECT min("offset") FROM lorikeet.labels WHERE pipeline = $1 AND topic = $2 AND "partition" = p)), 0)::bigint AS n
            FROM generate_series(0, $3 - 1) AS p
            """, [.text(pipeline), .text(topic), .integer(Int64(try partitionCount()))])
    }

    /// How many partitions the topic has by its own metadata, asked for every ten seconds: an outside topic may get more.
    private func partitionCount() throws -> Int {
        if broker != nil { return settings.partitions }
        if let partitions, ContinuousClock.now - partitions.asked < .seconds(10) { return partitions.count }
        let probe = try KafkaProbe(
            properties: ["bootstrap.servers": brokers, "group.id": "lorikeet-soak"], topics: [settings.topic])
        // A broker that is broken at the moment does not change the count.
        guard let found = try? probe.topics(within: .seconds(5))[settings.topic]?.partitions, found > 0 else {
            return partitions?.count ?? 0
        }
        partitions = (found, .now)
        return found
    }

    /// Holds every message that was produced against the rows it left.
    func count(pipeline: String, keyPrefix: String, messages: Int, tasks: Int) throws -> SoakCount {
        let lost = try query(
            """
            SELECT count(*) AS n FROM generate_series(0, $3::bigint - 1) AS number
            LEFT JOIN (
                SELECT message_key FROM lorikeet.labels WHERE pipeline = $1 GROUP BY message_key HAVING count(DISTINCT task) = $4
                UNION SELECT message_key FROM lorikeet.rejected WHERE pipeline = $1) AS done
                ON done.message_key = convert_to($2 || number, 'UTF8')
            WHERE done.message_key IS NULL
            """, [.text(pipeline), .text(keyPrefix), .integer(Int64(messages)), .integer(Int64(tasks))])
        let doubled = try query(
            """
            SELECT count(*) AS n FROM
                (SELECT topic, "partition", "offset", count(*) AS rows FROM lorikeet.labels WHERE pipeline = $1 GROUP BY 1, 2, 3) AS labelled
                FULL JOIN
                (SELECT topic, "partition", "offset", count(*) AS rows FROM lorikeet.rejected WHERE pipeline = $1 GROUP BY 1, 2, 3) AS refused
                USING (topic, "partition", "offset")
            WHERE labelled.rows > $2 OR refused.rows > 1 OR (labelled.rows > 0 AND refused.rows > 0)
            """, [.text(pipeline), .integer(Int64(tasks))])
        return SoakCount(lost: lost, doubled: doubled)
    }

    private func query(_ sql: String, _ parameters: [PostgresValue] = []) throws -> Int {
        let connection = try PostgresConnection(dsn: dsn, applicationName: "soak", connectTimeout: .seconds(5))
        defer { connection.close() }
        return Int(try connection.execute(sql, parameters, deadline: .seconds(120)).first?.integer("n") ?? 0)
    }
}

/// What the rows say in the end.
struct SoakCount: Sendable {
    /// Messages without a row for each task and without a rejected one.
    var lost: Int
    /// Offsets with more rows than tasks, or with labels and a rejection.
    var doubled: Int
}
