import BERT
import Foundation
import KafkaClient
import LocalServers
import Serving
import TestSupport
import Testing

@testable import Lab

/// A daemon's pipeline with its servers: what a test does to it, and what it counts afterwards.
final class DeliveryStream {
    struct Count: Equatable {
        var messages: Int
        /// Messages with exactly one row per task.
        var complete: Int
        var rows: Int
        var rejected: Int
    }

    static let topic = "texts"
    /// Where the labels are published, if the pipeline publishes.
    static let output = "labels"
    /// More than the 3 s that the mock broker waits for a group's first members.
    static let sessionTimeout = Duration.seconds(6)
    private static let tasks = ["mood", "topic"]
    private static let labels = ["minus", "plus"]

    let server: PrivatePostgres
    let base: String
    /// The pipeline file.
    let pipeline: String
    /// The folder of another adapter for the first task.
    let secondAdapter: String
    /// Properties of every client of the broker, `bootstrap.servers` among them.
    let client: [String: String]
    private let producer: LabProducer
    private let database: LabDatabase
    private let scratch: Scratch
    /// The log of the daemon that was started last.
    var logFile: String { scratch.path("daemon-\(starts).log") }
    private var starts = 0
    private var daemons: [DaemonProcess] = []
    /// Messages that were produced.
    private(set) var total = 0

    /// Runs `body` with a server, a broker, a tiny base with two adapters and a pipeline file over them.
    static func with(
        sessionTimeout: Duration = DeliveryStream.sessionTimeout, publishes: Bool = false,
        _ body: (DeliveryStream) async throws -> Void
    ) async throws {
        try await withEmbeddedBroker(topics: [topic: 2, output: 3]) { broker in
            try await with(
                client: ["bootstrap.servers": broker.bootstrapServers], sessionTimeout: sessionTimeout,
                publishes: publishes, body)
        }
    }

    /// The same over a broker that has the topics.
    ///
    /// - Parameter client: `bootstrap.servers`, and what clients of this broker need beside it.
    static func with(
        client: [String: String], sessionTimeout: Duration = DeliveryStream.sessionTimeout, publishes: Bool = false,
        _ body: (DeliveryStream) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        try await withPrivatePostgres { server in
            let migrated = try await Program.run(["migrate", "--database", server.dsn()])
            #expect(migrated.status == 0, "\(migrated.error)")
            let stream = try DeliveryStream(
                server: server, client: client, scratch: scratch, sessionTimeout: sessionTimeout, publishes: publishes)
            // Nothing outlives the test, however it ends.
            defer { for daemon in stream.daemons where daemon.isRunning { daemon.signal(SIGKILL) } }
            try await body(stream)
            await stream.database.close()
        }
    }

    private init(
        server: PrivatePostgres, client: [String: String], scratch: Scratch, sessionTimeout: Duration, publishes: Bool
    ) throws {
        (self.server, self.client, self.scratch) = (server, client, scratch)
        base = try TinyBase.write(to: scratch)
        let model = try BERTBase(directory: base)
        for (number, task) in Self.tasks.enumerated() {
            try TestModels.adapter(over: model, labels: Self.labels, task: task, seed: UInt64(number + 1)).write(
                to: scratch.path(task))
        }
        secondAdapter = scratch.path("second")
        try TestModels.adapter(over: model, labels: Self.labels, task: Self.tasks[0], seed: 99).write(to: secondAdapter)
        let milliseconds = Int(sessionTimeout / .milliseconds(1))
        var file = LabPipeline(
            name: "texts", base: base, topic: Self.topic,
            properties: [
                "session.timeout.ms": "\(milliseconds)", "heartbeat.interval.ms": "\(milliseconds / 10)",
            ].merging(client.filter { $0.key != "bootstrap.servers" }) { $1 },
            tasks: Self.tasks.map { .init(name: $0, labels: Self.labels, adapter: scratch.path($0)) },
            batch: "{ tokens: 128, delay: 5ms, max_tokens: 32 }", storesText: true)
        if publishes { file.publishes = "{ topic: \(Self.output) }" }
        pipeline = try scratch.write("texts.yaml", file.text)
        producer = try LabProducer(
            brokers: client["bootstrap.servers"] ?? "", topic: Self.topic,
            properties: ["linger.ms": "0", "message.timeout.ms": "30000"].merging(client) { $1 })
        database = LabDatabase(dsn: server.dsn())
    }

    /// What the pipeline file needs.
    var environment: [String: String] {
        ["KAFKA_BROKERS": client["bootstrap.servers"] ?? "", "DATABASE_URL": server.dsn()]
    }

    func startDaemon(_ environment: [String: String] = [:]) async throws -> DaemonProcess {
        starts += 1
        let daemon = try await DaemonProcess.start(
            program: BuiltProgram.url().path, pipeline: pipeline,
            environment: self.environment.merging(environment) { $1 }, log: logFile)
        daemons.append(daemon)
        return daemon
    }

    /// A daemon dies where the point is reached the first time, and the next one where it is reached the second time.
    func crashTwice(at point: CrashPoint) async throws {
        for place in [point.rawValue, point.rawValue + ":2"] {
            let daemon = try await startDaemon(["LORIKEET_CRASH_AT": place])
            try await until("the daemon dies at \(place)") {
                if daemon.isRunning { try await produce(2) }
                return !daemon.isRunning
            }
            #expect(await daemon.exitStatus() == 128 + SIGKILL, "\(place)")
        }
    }

    /// The database's server crashes while 2000 messages are labelled, and is restarted.
    func crashDatabaseInMidStream() async throws {
        try await produce(1500)
        try await until("some rows are stored") { try await rows() > 200 }
        try server.crash()
        try await produce(500)
        try server.restart()
        try await untilAllIsSettled()
    }

    /// Produces messages, in turn to both partitions, and waits until the broker has them.
    func produce(_ count: Int) async throws {
        let messages = TinyBase.rows(count, seed: UInt64(total + 1)).enumerated().map { index, row in
            LabProducer.Message(
                key: Array("k\(total + index)".utf8), payload: Array(row.text.utf8),
                partition: Int32((total + index) % 2))
        }
        total += count
        try await producer.produce(messages)
        try await producer.flush(within: .seconds(30))
    }

    /// Origins of all published records, in the order of their partition of the output topic: each partition of the
    /// source, keyed or not, on its own.
    func published() throws -> [[String]] {
        let consumer = try KafkaConsumer(
            properties: ["group.id": "readers", "session.timeout.ms": "3000", "heartbeat.interval.ms": "200"]
                .merging(client) { $1 }, topics: [Self.output], onAssigned: { _ in }, onRevoked: { _, _ in [:] })
        defer { consumer.close() }
        var records: [[String]] = []
        var seen: Set<[String]> = []
        let deadline = ContinuousClock.now + .seconds(60)
        while seen.count < total, ContinuousClock.now < deadline {
            for message in try consumer.poll(maximum: 1000, timeout: .milliseconds(200)) {
                let headers = Dictionary(
                    message.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }
                ) { first, _ in first }
                let origin = ["lorikeet.partition", "lorikeet.offset"].map { headers[$0] ?? "" }
                seen.insert(origin)
                records.append(["\(message.partition)"] + origin)
            }
        }
        return records
    }

    /// The log of the daemon that was started last.
    func log() throws -> String { try String(contentsOfFile: logFile, encoding: .utf8) }

    func rows() async throws -> Int { try await database.number("SELECT count(*) FROM lorikeet.labels") }

    /// A number that stands for labels and adapters of all rows.
    func digest() async throws -> Int {
        try await database.number(
            """
            SELECT hashtextextended(string_agg(
                concat_ws(' ', "partition", "offset", task, label, adapter_digest), ',' ORDER BY "partition", "offset",
                task), 0) FROM lorikeet.labels
            """)
    }

    func unknownDigests() async throws -> Int {
        try await database.number(
            """
            SELECT count(*) FROM lorikeet.labels l
            WHERE NOT EXISTS (SELECT FROM lorikeet.adapters a WHERE a.digest = l.adapter_digest)
            """)
    }

    func count() async throws -> Count {
        Count(
            messages: total,
            complete: try await database.number(
                """
                SELECT count(*) FROM (
                    SELECT FROM lorikeet.labels GROUP BY "partition", "offset"
                    HAVING count(*) = \(Self.tasks.count) AND count(DISTINCT task) = \(Self.tasks.count)) complete
                """),
            rows: try await rows(), rejected: try await database.number("SELECT count(*) FROM lorikeet.rejected"))
    }

    /// Produces messages and waits until all messages have their rows.
    func label(_ count: Int) async throws {
        try await produce(count)
        try await untilAllIsSettled()
    }

    /// Waits until all records are published.
    func untilOutboxIsEmpty() async throws {
        try await until("the outbox is empty") {
            try await database.number("SELECT count(*) FROM lorikeet.outbox") == 0
        }
    }

    func untilAllIsSettled() async throws {
        let required = total * Self.tasks.count
        try await until("all \(total) messages have their rows") { try await rows() >= required }
    }

    /// Looks again and again until something holds.
    func until(_ event: String, _ holds: () async throws -> Bool) async throws {
        do {
            try await Waiting.until("not \(event)", within: .seconds(120), every: .milliseconds(20), holds)
        } catch let error as LabError {
            throw LabError("\(error)\n\(DaemonProcess.Log.tail(of: logFile, lines: 30))")
        }
    }

    /// The number that a query gives.
    func number(_ query: String) async throws -> Int { try await database.number(query) }

    /// One or more statements, as the database's owner.
    func execute(_ script: String) async throws { try await database.executeScript(script) }
}
