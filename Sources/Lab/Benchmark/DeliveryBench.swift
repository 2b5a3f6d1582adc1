import BERT
import Foundation
import KafkaClient
import Kernels
import LocalServers
import Operations
import Pipelines
import PostgresClient
import Serving
import Threading

/// The broker, the database and the files of a delivery benchmark, and what is done with them.
public actor DeliveryBench {
    private let thread = DedicatedThread(name: "delivery-bench")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    static let task = "kind"
    /// Of a topic that two daemons share.
    static let partitions = 4

    nonisolated let base: String
    /// Where the texts come from, as options of a command.
    nonisolated let input: [String]
    nonisolated let texts: [String]
    nonisolated let dsn: String
    private let folder: URL
    private let broker: EmbeddedBroker
    private let postgres: PrivatePostgres
    private let connection: PostgresConnection
    private var number = 0
    private var daemons: [DaemonProcess] = []

    /// Starts the servers; ``stop()`` ends them.
    public static func make(base: String, input: [String], texts: [String]) async throws -> DeliveryBench {
        let bench = try DeliveryBench(base: base, input: input, texts: texts)
        do {
            _ = try await MigrateOperation.run(postgres: Secret(bench.dsn), role: nil)
            try await bench.makeAdapter()
        } catch {
            await bench.stop()
            throw error
        }
        return bench
    }

    private init(base: String, input: [String], texts: [String]) throws {
        (self.base, self.input, self.texts) = (base, input, texts)
        folder = try ServerScratch.make("bench-\(UUID().uuidString.prefix(8).lowercased())")
        broker = try EmbeddedBroker()
        postgres = try PrivatePostgres.start(directory: folder.path, settings: ["track_commit_timestamp": "on"])
        dsn = postgres.dsn()
        connection = try PostgresConnection(dsn: dsn, applicationName: "benchmark")
    }

    private func makeAdapter() throws {
        let adapter = try RandomAdapter.make(over: BERTBase(directory: base), layers: nil, seed: 1)
        try adapter.write(to: adapterFolder)
    }

    private nonisolated var adapterFolder: String { folder.appendingPathComponent("adapter").path }

    public func stop() {
        for daemon in daemons where daemon.isRunning { daemon.signal(SIGKILL) }
        connection.close()
        broker.stop()
        postgres.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// A name that was not used before.
    func freshName(_ kind: String) -> String {
        number += 1
        return "\(kind)-\(number)"
    }

    // MARK: - Topics

    func makeTopic(partitions: Int = DeliveryBench.partitions) throws -> String {
        let topic = freshName("topic")
        try broker.createTopic(topic, partitions: partitions)
        return topic
    }

    /// Produces so many messages, in turn over the partitions, and waits until the broker has them.
    func produce(_ count: Int, to topic: String, partitions: Int = DeliveryBench.partitions, _ payload: (Int) -> String)
        throws
    {
        // Compressed, because the embedded broker keeps 5 MiB a partition.
        let producer = try KafkaProducer(properties: [
            "bootstrap.servers": broker.bootstrapServers, "linger.ms": "20", "compression.codec": "zstd",
            "queue.buffering.max.kbytes": "1048576",
        ])
        for index in 0..<count {
            try producer.produce(
                topic: topic, partition: Int32(index % partitions), payload: Array(payload(index).utf8))
        }
        try producer.flush(timeout: .seconds(120))
        guard producer.deliveredCount == count else {
            throw DemoError("the broker took \(producer.deliveredCount) of \(count) messages")
        }
    }

    /// Produces the texts one by one at a mean rate, at random moments as independent senders would.
    func trickle(_ count: Int, to topic: String, perSecond rate: Double) async throws {
        let producer = try KafkaProducer(properties: ["bootstrap.servers": broker.bootstrapServers, "linger.ms": "0"])
        var random = SplitMix64(seed: 1)
        var due = ContinuousClock.now
        for index in 0..<count {
            let uniform = Double(random.below(1 << 30) + 1) / Double(1 << 30)
            due += .seconds(-log(uniform) / rate)
            try await Task.sleep(until: due, clock: .continuous)
            try producer.produce(
                topic: topic, partition: Int32(index % Self.partitions), payload: Array(texts[index % texts.count].utf8)
            )
        }
        try producer.flush(timeout: .seconds(60))
    }

    // MARK: - Daemons

    /// Writes a pipeline file over one topic. The embedded broker answers a fetch that finds nothing only after `fetch.wait.max.ms`, whatever comes meanwhile;
    /// Apache Kafka answers as soon as there is something.
    func pipeline(_ name: String, topic: String, routes: String = "") throws -> String {
        let labels = (0..<4).map { "\"label \($0)\"" }.joined(separator: ", ")
        let text = """
            name: \(name)
            base: "\(URL(fileURLWithPath: base).path)"
            source:
              kafka:
                brokers: "\(broker.bootstrapServers)"
                topics: ["\(topic)"]
                group: "\(name)"
                properties: { session.timeout.ms: "6000", fetch.wait.max.ms: "10" }
            \(routes)
            tasks:
              \(Self.task): { labels: [\(labels)], adapter: "\(adapterFolder)" }
            sink: { postgres: "${DATABASE_URL}" }
            """
        let file = folder.appendingPathComponent("\(name).yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    func start(_ pipelines: [String], workers: Int, launcher: [String] = []) async throws -> DaemonProcess {
        let daemon = try await DaemonProcess.start(
            pipeline: pipelines[0], options: Array(pipelines.dropFirst()) + ["--workers", "\(workers)"],
            launcher: launcher,
            environment: ["DATABASE_URL": dsn], log: folder.appendingPathComponent("\(freshName("daemon")).log"))
        daemons.append(daemon)
        return daemon
    }

    /// Waits until the daemons together have all partitions, and each has its share.
    func waitUntilAssigned(_ daemons: [DaemonProcess], partitions: Int = DeliveryBench.partitions) async throws {
        try await wait("an assignment") {
            daemons.allSatisfy { daemon in
                daemon.metrics()?.samples.count { $0.name == MetricNames.lag } == partitions / daemons.count
            }
        }
    }

    func end(_ daemons: [DaemonProcess]) async throws {
        for daemon in daemons {
            let status = await daemon.terminate()
            guard status == 0 else { throw DemoError("a daemon ended with status \(status)") }
        }
    }

    /// Looks every 50 ms: neither broker nor daemon has an event for what is waited for.
    func wait(_ purpose: String, seconds: Double = 180, until isDone: () throws -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(seconds)
        while try !isDone() {
            guard ContinuousClock.now < limit else { throw DemoError("waited \(Int(seconds)) s for \(purpose)") }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: - Rows

    func execute(_ sql: String) throws { try connection.execute(sql) }

    func waitUntilStored(_ count: Int, pipeline: String) async throws {
        try await wait("\(count) rows", seconds: 600) {
            try connection.execute("SELECT count(*) AS n FROM lorikeet.labels WHERE pipeline = $1", [.text(pipeline)])
                .first?.integer("n") ?? 0 >= count
        }
    }

    /// Rows a second between the first and the last commit of a pipeline, those of the first not counted.
    func storedPerSecond(pipeline: String) throws -> Double {
        let row = try connection.execute(
            """
            WITH commits AS (
                SELECT pg_xact_commit_timestamp(xmin) AS at, count(*) AS n FROM lorikeet.labels WHERE pipeline = $1 GROUP BY 1)
            SELECT ((sum(n) - (SELECT n FROM commits ORDER BY at LIMIT 1)) / extract(epoch FROM max(at) - min(at)))::float8 AS rate
            FROM commits
            """, [.text(pipeline)]
        ).first
        guard let rate = try row?.optionalDouble("rate") else {
            throw DemoError("\(pipeline): a single commit, no rate")
        }
        return rate
    }

    /// Milliseconds from a record's timestamp to the commit of its row: median and 99th percentile.
    ///
    /// - Parameter skipping: so many of the first texts do not count: fetching has to begin.
    func latency(pipeline: String, skipping: Int) throws -> (median: Double, p99: Double) {
        func percentile(_ share: String) -> String {
            "percentile_cont(\(share)) WITHIN GROUP (ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin) - produced_at)) * 1000"
        }
        let row = try connection.execute(
            """
            SELECT \(percentile("0.5")) AS median, \(percentile("0.99")) AS p99
            FROM (SELECT xmin, produced_at FROM lorikeet.labels WHERE pipeline = $1 ORDER BY produced_at OFFSET $2) AS counted
            """, [.text(pipeline), .integer(Int64(skipping))]
        ).first
        guard let row else { throw DemoError("\(pipeline): no rows") }
        return (try row.double("median"), try row.double("p99"))
    }
}
