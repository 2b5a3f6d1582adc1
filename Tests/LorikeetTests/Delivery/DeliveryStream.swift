import BERT
import Foundation
import KafkaClient
import PostgresClient
import TestSupport
import Testing

@testable import Lab
@testable import LocalServers

/// What a test does to a running pipeline, and what it counts afterwards.
final class DeliveryStream {
    struct Count: Equatable {
        var messages: Int
        /// Messages with exactly one row a task.
        var complete: Int
        var rows: Int
        var rejected: Int
    }

    private static let topic = "texts"
    private static let tasks = ["mood", "topic"]

    let server: PrivatePostgres
    let base: String
    let pipeline: String
    let secondAdapter: String
    private let broker: EmbeddedBroker
    private let producer: KafkaProducer
    private let scratch: Scratch
    private var logURL: URL { URL(fileURLWithPath: scratch.path("daemon-\(starts).log")) }
    private var starts = 0
    private var daemons: [DaemonProcess] = []
    private var produced: [Int32: Int] = [:]
    var total: Int { produced.values.reduce(0, +) }

    /// A server, a broker, a tiny base with two adapters and a pipeline file over them.
    ///
    /// - Parameter sessionTimeout: more than 3 s, for so long the mock broker gathers a group's first members.
    static func with(
        sessionTimeout: Duration = .seconds(6), _ body: (DeliveryStream) async throws -> Void
    ) async throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: [topic: 2]) { broker in
                let migrated = try await Program.run(["migrate", "--database", server.dsn()])
                #expect(migrated.status == 0, "\(migrated.error)")
                let stream = try DeliveryStream(
                    server: server, broker: broker, scratch: scratch, sessionTimeout: sessionTimeout)
                // Whatever happens: nothing outlives the test.
                defer { for daemon in stream.daemons where daemon.isRunning { daemon.signal(SIGKILL) } }
                try await body(stream)
            }
        }
    }

    private init(server: PrivatePostgres, broker: EmbeddedBroker, scratch: Scratch, sessionTimeout: Duration) throws {
        (self.server, self.broker, self.scratch) = (server, broker, scratch)
        let (topic, tasks) = (Self.topic, Self.tasks)
        base = try TinyBase.write(to: scratch)
        let model = try BERTBase(directory: base)
        let labels = ["minus", "plus"]
        for (number, task) in tasks.enumerated() {
            try TestModels.adapter(over: model, labels: labels, task: task, seed: UInt64(number + 1)).write(
                to: scratch.path(task))
        }
        secondAdapter = scratch.path("second")
        try TestModels.adapter(over: model, labels: labels, task: tasks[0], seed: 99).write(to: secondAdapter)
        let milliseconds = Int(sessionTimeout / .milliseconds(1))
        pipeline = try scratch.write(
            "texts.yaml",
            """
            name: texts
            base: \(base)
            source:
              kafka:
                brokers: "${KAFKA_BROKERS}"
                topics: [\(topic)]
                group: lorikeet-test
                properties: { session.timeout.ms: "\(milliseconds)", heartbeat.interval.ms: "\(milliseconds / 10)" }
            routes:
              - tasks: [\(tasks.joined(separator: ", "))]
            tasks:
            \(tasks.map { "  \($0): { labels: [minus, plus], adapter: \"\(scratch.path($0))\" }" }.joined(separator: "\n"))
            batch: { tokens: 128, delay: 5ms, max_tokens: 32 }
            sink: { postgres: "${DATABASE_URL}", store_text: true }
            """)
        producer = try broker.makeProducer()
    }

    func startDaemon(_ environment: [String: String] = [:]) async throws -> DaemonProcess {
        starts += 1
        let usual = ["KAFKA_BROKERS": broker.bootstrapServers, "DATABASE_URL": server.dsn()]
        let daemon = try await DaemonProcess.start(
            executable: BuiltProgram.url(), pipeline: pipeline, environment: usual.merging(environment) { $1 },
            log: logURL)
        daemons.append(daemon)
        return daemon
    }

    func produce(_ count: Int) throws {
        for (_, text) in TinyBase.rows(count, seed: UInt64(total + 1)) {
            let partition = Int32(total % 2)
            try producer.produce(
                topic: Self.topic, partition: partition, key: Array("k\(total)".utf8), payload: Array(text.utf8))
            produced[partition, default: 0] += 1
        }
        try producer.flush(timeout: .seconds(30))
    }

    func log() throws -> String { try String(contentsOf: logURL, encoding: .utf8) }

    func rows() throws -> Int { try number("SELECT count(*) AS n FROM lorikeet.labels") }

    func unknownDigests() throws -> Int {
        try number(
            "SELECT count(*) AS n FROM lorikeet.labels l WHERE NOT EXISTS (SELECT FROM lorikeet.adapters a WHERE a.digest = l.adapter_digest)"
        )
    }

    func count() throws -> Count {
        Count(
            messages: total,
            complete: try number(
                """
                SELECT count(*) AS n FROM (
                    SELECT FROM lorikeet.labels GROUP BY "partition", "offset"
                    HAVING count(*) = \(Self.tasks.count) AND count(DISTINCT task) = \(Self.tasks.count)) complete
                """),
            rows: try rows(), rejected: try number("SELECT count(*) AS n FROM lorikeet.rejected"))
    }

    func untilAllIsSettled() async throws {
        let wanted = total * Self.tasks.count
        try await until("all \(total) messages have their rows") { try rows() >= wanted }
    }

    /// Looks at the outside of the process again and again; nothing there announces itself.
    func until(_ what: String, _ holds: () throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(120)
        while try !holds() {
            guard ContinuousClock.now < limit else {
                throw DemoError("not in time: \(what)\n\((try? log())?.suffix(3000) ?? "")")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// One or more statements, as the database's owner.
    func execute(_ script: String) throws {
        let connection = try PostgresConnection(dsn: server.dsn(), applicationName: "test")
        defer { connection.close() }
        try connection.executeScript(script, deadline: .seconds(60))
    }

    private func number(_ sql: String) throws -> Int {
        let connection = try PostgresConnection(dsn: server.dsn(), applicationName: "test")
        defer { connection.close() }
        return Int(try connection.execute(sql, deadline: .seconds(30))[0].integer("n"))
    }
}
