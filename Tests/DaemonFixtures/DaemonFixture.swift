import AdapterRegistry
import BERT
import Connectors
import Daemon
import Foundation
import LocalServers
import Operations
import Pipelines
import PostgresClient
import Serving
import TestSupport
import Training
import WordPiece

/// A tiny base on disk, a broker, a database with the schema, and pipeline files that name them.
public final class DaemonFixture: Sendable {
    /// Holds the base, adapters and pipeline files.
    public let folder: TemporaryFolder
    /// The broker of the pipelines' topics.
    public let broker: EmbeddedBroker
    /// The connection string of the database.
    public let postgres: Secret
    /// The base that lies in the folder.
    public let model: TestBase
    /// What the daemon logs.
    public let log = LogLines()
    /// The labels of the task `noise`.
    public static let labels = ["calm", "loud"]

    /// The database, for connectors.
    public var settings: PostgresSettings { PostgresSettings(dsn: postgres.value) }

    /// Writes the base and, unless told otherwise, migrates the schema.
    public init(broker: EmbeddedBroker, postgres: String, migrates: Bool = true) async throws {
        folder = try TemporaryFolder()
        self.broker = broker
        self.postgres = Secret(postgres)
        model = try TestBase.shared.get()
        try TestBase.write(to: folder.path + "/base")
        if migrates { _ = try await MigrateOperation.run(postgres: self.postgres) }
    }

    /// Runs `body` with a fixture of its own; everything is stopped afterwards.
    public static func with(_ body: (DaemonFixture) async throws -> Void) async throws {
        try await withTestDatabase { database in
            try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
                try await body(try await DaemonFixture(broker: broker, postgres: database.dsn()))
            }
        }
    }

    /// Writes an adapter for the labels into a folder of that name.
    @discardableResult
    public func writeAdapter(_ name: String, seed: UInt64 = 1, labels: [String] = DaemonFixture.labels) throws
        -> Adapter
    {
        let adapter = try model.adapter(labels: labels, seed: seed)
        // It is random: trained on no row, and says so.
        let rows = TrainingRowsFile.content(TrainingRowSet(hashes: []), weights: adapter.weights)
        try adapter.write(to: "\(folder.path)/\(name)", with: [TrainingRowsFile.name: rows])
        return adapter
    }

    /// Writes `p.yaml` and returns its path.
    ///
    /// - Parameters:
    ///   - brokers: nil: those of the fixture.
    ///   - output: the value of `sink.kafka`; nil: without it.
    public func writePipeline(
        name: String = "noise", task: String = "{ labels: [calm, loud], adapter: first }", brokers: String? = nil,
        output: String? = nil, extra: String = ""
    ) throws -> String {
        try folder.write(
            "p.yaml",
            """
            name: \(name)
            base: base
            source:
              kafka:
                brokers: "\(brokers ?? broker.bootstrapServers)"
                topics: [texts]
                group: readers
                properties: { session.timeout.ms: 6000, heartbeat.interval.ms: 200, fetch.wait.max.ms: 50 }
            tasks:
              noise: \(task)
            batch: { tokens: 128, delay: 5ms, max_tokens: 32 }
            sink: { postgres: "${DATABASE_URL}"\(output.map { ", kafka: \($0)" } ?? "") }
            \(extra)
            """)
    }

    /// Puts an adapter into the registry and promotes it, as if a daemon had done so.
    ///
    /// - Parameter accepted: the types over which it was accepted; nil: whatever served.
    public func promote(
        _ adapter: Adapter, task: String = "noise", over accepted: BasePrecision? = nil
    ) async throws {
        let store = PostgresAdapterStore(settings)
        let version = try await store.publish(task: task, adapter: adapter, metrics: [:], parentDigest: nil)
        if let accepted { try await store.accept(task: task, version: version.version, over: accepted) }
        _ = try await store.promote(task: task, version: version.version)
        await store.close()
    }

    /// Stores labelled rows of which the adapter is sure, with the labels that it gives them: rounding changes none.
    public func annotate(_ adapter: Adapter, rows: Int) throws {
        let texts = (0..<400).map { "\($0 * 7_919) x\($0) \($0 % 13)" }
        let tokenizer = try WordPieceTokenizer(directory: folder.path + "/base")
        let predictions = Evaluator(base: model.base, tokenizer: tokenizer, workers: 1)
            .predictions(texts: texts, adapter: adapter)
        let surest = zip(texts, predictions).sorted { $0.1.score > $1.1.score }.prefix(rows)
        let values = surest.map { "('noise', '\($0)', '\($1.label)')" }.joined(separator: ", ")
        try execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES \(values)")
    }

    /// All records of a topic.
    public func records(of topic: String, partitions: Int = 1) async throws -> [SourceMessage] {
        let source = KafkaRangeSource(
            KafkaSourceSettings(brokers: broker.bootstrapServers, topics: [topic], group: "readers of \(topic)"))
        var messages: [SourceMessage] = []
        do {
            _ = try await source.plan(
                .offsets((0..<partitions).compactMap { OffsetRange("\(topic):\($0):0-") }))
            try await source.start(listener: Assignment())
            while !source.progress.isRead { messages += try await source.next() }
        } catch {
            await source.close()
            throw error
        }
        await source.close()
        return messages
    }

    /// Nobody who needs to know.
    private struct Assignment: PartitionListener {
        func partitionsAssigned(_ partitions: [SourcePartition]) {}
        func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] { [:] }
        func offsetReset(_ reason: String) {}
    }

    /// Options of a daemon that leaves signals to the test.
    public func options(http: String? = nil) -> DaemonOptions {
        var options = DaemonOptions(workers: 2, http: http, environment: environment)
        options.handlesSignals = false
        return options
    }

    /// The environment of the pipeline files.
    public var environment: PipelineEnvironment {
        PipelineEnvironment(variables: ["DATABASE_URL": postgres.value], workingDirectory: folder.path)
    }

    /// Runs a daemon while `body` does, then drains it; its error is thrown.
    public func withDaemon(
        _ files: String..., options: DaemonOptions? = nil,
        _ body: @escaping @Sendable (LorikeetDaemon) async throws -> Void
    ) async throws {
        let daemon = try LorikeetDaemon(files: files, options: options ?? self.options(), logger: log.logger)
        try await run(daemon, body)
    }

    /// Runs this daemon while `body` does, then drains it; its error is thrown.
    public func run(
        _ daemon: LorikeetDaemon, _ body: @escaping @Sendable (LorikeetDaemon) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await daemon.run() }
            group.addTask {
                do {
                    try await body(daemon)
                } catch {
                    await daemon.stop()
                    throw error
                }
                await daemon.stop()
            }
            try await group.waitForAll()
        }
    }

    /// Produces texts that differ.
    public func produce(_ count: Int, from first: Int = 0) throws {
        let producer = try broker.makeProducer()
        for index in first..<first + count {
            try producer.produce(
                topic: "texts", partition: Int32(index % 2), payload: Array("text \(index) of the river".utf8),
                timestamp: 1000 + Int64(index))
        }
        try producer.flush(timeout: .seconds(20))
    }

    /// Runs a query that returns one row with the column `n`.
    public func number(_ sql: String) throws -> Int {
        guard let row = try execute(sql).first else { throw NeverCame(description: "no row: \(sql)") }
        return Int(try row.integer("n"))
    }

    /// Waits until the one connection of this application waits for a lock.
    public func untilLocked(_ application: String) async throws {
        try await eventually("\(application) waits for a lock") {
            try number(
                """
                SELECT count(*) AS n FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = '\(application)'
                    AND wait_event_type = 'Lock'
                """) == 1
        }
    }

    /// Waits until this many rows are labelled.
    public func untilLabelled(_ count: Int) async throws {
        try await eventually("\(count) labelled rows") {
            try number("SELECT count(*) AS n FROM lorikeet.labels") == count
        }
    }

    /// The adapters that made the label rows.
    public func digests() throws -> Set<String> {
        Set(try execute("SELECT DISTINCT adapter_digest AS d FROM lorikeet.labels").rows.map { try $0.text("d") })
    }

    /// Runs a statement on a connection of its own.
    @discardableResult
    public func execute(_ sql: String) throws -> PostgresResult {
        let connection = try PostgresConnection(dsn: postgres.value, applicationName: "test")
        defer { connection.close() }
        return try connection.execute(sql, deadline: .seconds(60))
    }

    /// Writes a script that stands in for this program in retrainings, and returns its path.
    public func writeProgram(_ script: String) throws -> String {
        let path = try folder.write("program", script)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }
}
