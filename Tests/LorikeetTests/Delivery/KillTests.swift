import BERT
import Foundation
import KafkaClient
import PostgresClient
import TestSupport
import Testing

@testable import lorikeet

/// The daemon as a process of its own, killed in mid-stream: afterwards every message has its rows, once.
@Suite(.serialized) struct KillTests {
    private static let topic = "texts"
    private static let tasks = ["mood", "topic"]

    @Test func killedTwiceInMidStreamNothingIsLostOrDoubled() async throws {
        try await withStream { stream in
            for round in 1...2 {
                let daemon = try await stream.startDaemon()
                try stream.produce(1500)
                try await stream.until("some rows of round \(round) stand") { try stream.rows() > (round - 1) * 3000 + 200 }
                daemon.signal(SIGKILL)
                _ = await daemon.exitStatus()
            }
            let daemon = try await stream.startDaemon()
            try await stream.untilAllIsSettled()
            #expect(await daemon.terminate() == 0)
            #expect(try stream.count() == .init(messages: 3000, complete: 3000, rows: 6000, rejected: 0))
        }
    }

    @Test func databaseCrashInMidStreamLosesNothing() async throws {
        try await withStream { stream in
            let daemon = try await stream.startDaemon()
            try stream.produce(1500)
            try await stream.until("some rows stand") { try stream.rows() > 200 }
            try stream.server.crash()
            try stream.produce(500)
            try stream.server.restart()
            try await stream.untilAllIsSettled()
            #expect(await daemon.terminate() == 0)
            #expect(try stream.count() == .init(messages: 2000, complete: 2000, rows: 4000, rejected: 0))
        }
    }

    @Test func aBadFileOnReloadAndARollbackDoNotDisturbTheStream() async throws {
        try await withStream { stream in
            let daemon = try await stream.startDaemon()
            try stream.produce(300)
            try await stream.untilAllIsSettled()

            let good = try String(contentsOfFile: stream.pipeline, encoding: .utf8)
            try (good + "\nunknown_key: 1\n").write(toFile: stream.pipeline, atomically: true, encoding: .utf8)
            daemon.signal(SIGHUP)
            try await stream.until("the log refuses the file") { try stream.log().contains("unknown_key") }
            try good.write(toFile: stream.pipeline, atomically: true, encoding: .utf8)

            let environment = ["DATABASE_URL": stream.server.dsn()]
            let imported = try await Program.run(
                ["adapters", "import", "mood", stream.secondAdapter, "--base", stream.base, "--promote"],
                environment: environment)
            #expect(imported.status == 0, "\(imported.error)")
            try stream.produce(300)
            try await stream.untilAllIsSettled()
            let rolledBack = try await Program.run(["adapters", "rollback", "mood"], environment: environment)
            #expect(rolledBack.status == 0, "\(rolledBack.error)")
            try stream.produce(300)
            try await stream.untilAllIsSettled()

            #expect(await daemon.terminate() == 0)
            #expect(try stream.count() == .init(messages: 900, complete: 900, rows: 1800, rejected: 0))
            #expect(try stream.unknownDigests() == 0)
        }
    }

    /// A server, a broker, a tiny base with two adapters and a pipeline file over them.
    private func withStream(_ body: (Stream) async throws -> Void) async throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: [Self.topic: 2]) { broker in
                let migrated = try await Program.run(["migrate", "--database", server.dsn()])
                #expect(migrated.status == 0, "\(migrated.error)")
                try await body(Stream(server: server, broker: broker, scratch: scratch, topic: Self.topic, tasks: Self.tasks))
            }
        }
    }
}

/// What a test does to a running pipeline, and what it counts afterwards.
private final class Stream {
    struct Count: Equatable {
        var messages: Int
        /// Messages with exactly one row a task.
        var complete: Int
        var rows: Int
        var rejected: Int
    }

    let server: PrivatePostgres
    let base: String
    let pipeline: String
    let secondAdapter: String
    private let broker: EmbeddedBroker
    private let producer: KafkaProducer
    private let topic: String
    private let tasks: [String]
    private let logs: [URL]
    private var starts = 0
    private var produced: [Int32: Int] = [:]
    private var total: Int { produced.values.reduce(0, +) }

    init(server: PrivatePostgres, broker: EmbeddedBroker, scratch: Scratch, topic: String, tasks: [String]) throws {
        (self.server, self.broker, self.topic, self.tasks) = (server, broker, topic, tasks)
        base = try TinyBase.write(to: scratch)
        let model = try BERTBase(directory: base)
        let labels = ["minus", "plus"]
        for (number, task) in tasks.enumerated() {
            try TestModels.adapter(over: model, labels: labels, task: task, seed: UInt64(number + 1)).write(to: scratch.path(task))
        }
        secondAdapter = scratch.path("second")
        try TestModels.adapter(over: model, labels: labels, task: tasks[0], seed: 99).write(to: secondAdapter)
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
                properties: { session.timeout.ms: "6000", heartbeat.interval.ms: "500" }
            routes:
              - tasks: [\(tasks.joined(separator: ", "))]
            tasks:
            \(tasks.map { "  \($0): { labels: [minus, plus], adapter: \"\(scratch.path($0))\" }" }.joined(separator: "\n"))
            batch: { tokens: 128, delay: 5ms, max_tokens: 32 }
            sink: { postgres: "${DATABASE_URL}", store_text: true }
            """)
        logs = (1...4).map { URL(fileURLWithPath: scratch.path("daemon-\($0).log")) }
        producer = try broker.makeProducer()
    }

    func startDaemon() async throws -> DaemonProcess {
        starts += 1
        return try await DaemonProcess.start(
            executable: Program.executable(), pipeline: pipeline,
            environment: ["KAFKA_BROKERS": broker.bootstrapServers, "DATABASE_URL": server.dsn()], log: logs[starts - 1])
    }

    func produce(_ count: Int) throws {
        for (_, text) in TinyBase.rows(count, seed: UInt64(total + 1)) {
            let partition = Int32(total % 2)
            try producer.produce(topic: topic, partition: partition, key: Array("k\(total)".utf8), payload: Array(text.utf8))
            produced[partition, default: 0] += 1
        }
        try producer.flush(timeout: .seconds(30))
    }

    func log() throws -> String { try String(contentsOf: logs[starts - 1], encoding: .utf8) }

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
                    HAVING count(*) = \(tasks.count) AND count(DISTINCT task) = \(tasks.count)) complete
                """),
            rows: try rows(), rejected: try number("SELECT count(*) AS n FROM lorikeet.rejected"))
    }

    func untilAllIsSettled() async throws {
        let wanted = total * tasks.count
        try await until("all \(total) messages have their rows") { try rows() >= wanted }
    }

    /// Looks at the outside of the process again and again; nothing there announces itself.
    func until(_ what: String, _ holds: () throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(120)
        while try !holds() {
            guard ContinuousClock.now < limit else { throw DemoError("not in time: \(what)\n\((try? log())?.suffix(3000) ?? "")") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func number(_ sql: String) throws -> Int {
        let connection = try PostgresConnection(dsn: server.dsn(), applicationName: "test")
        defer { connection.close() }
        return Int(try connection.execute(sql, deadline: .seconds(30))[0].integer("n"))
    }
}
