import BERT
import Glibc
import JSON
import Kernels
import PostgresClient
import Serving
import Training

/// The servers and files of a delivery benchmark, and what the figures do with them.
actor DeliveryTestbed {
    static let task = "kind"
    /// Partitions of a topic that two daemons share.
    static let partitions = 4
    /// Partitions of a topic with a backlog.
    static let backlogPartitions = 20
    private static let labels = 4

    nonisolated let base: String
    /// Where the texts come from, as options of a command.
    nonisolated let input: [String]
    nonisolated let texts: [String]
    nonisolated let database: LabDatabase
    /// Brokers outside of this process; nil: the embedded one.
    nonisolated let outsideBrokers: String?
    private let servers: LabServers
    private var nameCount = 0
    private var daemons: [DaemonProcess] = []

    /// Starts the servers; ``stop()`` ends them.
    init(base: String, input: [String], texts: [String], brokers: String? = nil) throws {
        (self.base, self.input, self.texts, outsideBrokers) = (base, input, texts, brokers)
        // When a row was committed is what PostgreSQL itself records.
        servers = try LabServers(name: "benchmark", postgresSettings: ["track_commit_timestamp": "on"])
        database = LabDatabase(dsn: servers.postgres.dsn())
    }

    /// Creates the schema and an adapter.
    func prepare() async throws {
        try await database.migrate()
        let adapter = try RandomAdapter.make(over: BERTBase(directory: base), labels: Self.labels, seed: 1)
        try adapter.write(to: adapterFolder)
    }

    private var adapterFolder: String { servers.folder.path("adapter") }

    func stop() async {
        for daemon in daemons where daemon.isRunning { daemon.signal(SIGKILL) }
        await database.close()
        servers.stop()
    }

    /// A name that was not used before.
    func freshName(_ kind: String) -> String {
        nameCount += 1
        return "\(kind)-\(nameCount)"
    }

    // MARK: - Topics

    func makeTopic(partitions: Int = DeliveryTestbed.partitions) throws -> String {
        let topic = freshName("topic")
        try servers.broker.createTopic(topic, partitions: partitions)
        return topic
    }

    /// Produces messages, round-robin over the partitions, and waits until the broker has them.
    func produce(
        _ count: Int, to topic: String, partitions: Int = DeliveryTestbed.partitions,
        _ payload: @Sendable (Int) -> String
    ) async throws {
        // Compressed, because the embedded broker keeps at most 5 MiB per partition.
        let producer = try LabProducer(
            brokers: servers.broker.bootstrapServers, topic: topic,
            properties: ["linger.ms": "20", "compression.codec": "zstd", "queue.buffering.max.kbytes": "1048576"])
        let chunk = 10_000
        for start in stride(from: 0, to: count, by: chunk) {
            try await producer.produce(
                (start..<min(count, start + chunk)).map { index in
                    .init(payload: Array(payload(index).utf8), partition: Int32(index % partitions))
                })
        }
        try await producer.flush()
    }

    /// Produces texts one by one at a mean rate per second, at random moments as independent senders would.
    func trickle(_ count: Int, to topic: String, perSecond rate: Double) async throws {
        let producer = try LabProducer(
            brokers: servers.broker.bootstrapServers, topic: topic, properties: ["linger.ms": "0"])
        var random = SplitMix64(seed: 1)
        var due = ContinuousClock.now
        for index in 0..<count {
            let uniform = Double(random.below(1 << 30) + 1) / Double(1 << 30)
            due += .seconds(-log(uniform) / rate)
            try await Task.sleep(until: due, clock: .continuous)
            try await producer.produce([
                .init(payload: Array(texts[index % texts.count].utf8), partition: Int32(index % Self.partitions))
            ])
        }
        try await producer.flush(within: .seconds(60))
    }

    /// A reader of a topic to which a daemon publishes.
    func reader(of topic: String) throws -> LabReader {
        try LabReader(brokers: servers.broker.bootstrapServers, topic: topic)
    }

    // MARK: - Daemons

    /// A pipeline over one topic, whose messages are the texts.
    func pipeline(_ name: String, topic: String) -> LabPipeline {
        let task = LabPipeline.Task(name: Self.task, labels: RandomAdapter.labels(Self.labels), adapter: adapterFolder)
        return LabPipeline(
            name: name, base: base, brokers: servers.broker.bootstrapServers, topic: topic,
            // The embedded broker answers an empty fetch only after `fetch.wait.max.ms`, whatever arrives meanwhile.
            // Apache Kafka answers as soon as a message arrives.
            properties: ["session.timeout.ms": "6000", "fetch.wait.max.ms": "10"], tasks: [task])
    }

    /// The name of a task of ``pipeline(_:topic:tasks:)``.
    static func taskName(_ number: Int) -> String { "task-\(number)" }

    /// Writes the adapters of so many tasks.
    func writeAdapters(_ count: Int) throws {
        let base = try BERTBase(directory: base)
        for number in 0..<count {
            try RandomAdapter.make(over: base, labels: Self.labels, seed: UInt64(number))
                .write(to: servers.folder.path(Self.taskName(number)))
        }
    }

    /// A pipeline whose messages are JSON, each for one of so many tasks.
    func pipeline(_ name: String, topic: String, tasks count: Int) -> LabPipeline {
        var pipeline = pipeline(name, topic: topic)
        pipeline.taskPointer = "/task"
        pipeline.textPointer = "/text"
        pipeline.tasks = (0..<count).map { number in
            LabPipeline.Task(
                name: Self.taskName(number), labels: RandomAdapter.labels(Self.labels),
                adapter: servers.folder.path(Self.taskName(number)))
        }
        return pipeline
    }

    /// Starts one daemon that runs these pipelines.
    ///
    /// - Parameter environment: variables beside that of the database.
    func start(
        _ pipelines: [LabPipeline], workers: Int, launcher: [String] = [], environment: [String: String] = [:]
    ) async throws -> DaemonProcess {
        let files = try pipelines.map { try servers.folder.write("\($0.name).yaml", $0.text) }
        let daemon = try await DaemonProcess.start(
            pipeline: files[0], options: Array(files.dropFirst()) + ["--workers", "\(workers)"], launcher: launcher,
            environment: environment.merging(["DATABASE_URL": database.dsn]) { $1 },
            log: servers.folder.path("\(freshName("daemon")).log"))
        daemons.append(daemon)
        return daemon
    }

    /// A topic with so many short texts.
    func makeBacklog(_ count: Int) async throws -> String {
        let topic = try makeTopic(partitions: Self.backlogPartitions)
        let texts = texts
        try await produce(count, to: topic, partitions: Self.backlogPartitions) { index in
            String(texts[index % texts.count].prefix(40))
        }
        return topic
    }

    /// Waits until the daemons together own all partitions, and each has its share.
    func waitUntilAssigned(_ daemons: [DaemonProcess], partitions: Int = DeliveryTestbed.partitions) async throws {
        try await Waiting.until("no assignment of partitions", within: .seconds(180)) {
            daemons.allSatisfy { daemon in
                daemon.metrics()?.samples.count { $0.name == MetricNames.lag } == partitions / daemons.count
            }
        }
    }

    /// Ends the daemons in order.
    func end(_ daemons: [DaemonProcess]) async throws {
        for daemon in daemons {
            let status = await daemon.terminate()
            guard status == 0 else { throw LabError("a daemon ended with status \(status)") }
        }
    }

    // MARK: - Restarts

    /// A pipeline whose daemon is killed: over brokers of the user's, if there are any, and with librdkafka's own
    /// session timeout.
    func restartedPipeline(_ name: String, groupInstance: String) throws -> LabPipeline {
        // A name that was never used on brokers that stay. They create the topic for its first record.
        let topic = outsideBrokers == nil ? try makeTopic() : "lorikeet-\(name)-\(getpid())"
        var pipeline = pipeline(outsideBrokers == nil ? name : topic, topic: topic)
        pipeline.brokers = outsideBrokers ?? servers.broker.bootstrapServers
        pipeline.groupInstance = groupInstance
        pipeline.properties["session.timeout.ms"] = nil
        return pipeline
    }

    /// The folder that systemd would give a daemon.
    nonisolated func stateFolder() -> String { servers.folder.path }

    /// Produces a text every 50 ms until its task is cancelled.
    func drip(into pipeline: LabPipeline) async throws {
        let producer = try LabProducer(
            brokers: pipeline.brokers, topic: pipeline.topic, properties: ["linger.ms": "0"])
        var index = 0
        while !Task.isCancelled {
            try await producer.produce([.init(payload: Array(texts[index % texts.count].utf8))])
            index += 1
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: - Retraining

    /// Rows that the task can be retrained on, and nothing left of an earlier retraining.
    func makeRowsToRetrain() async throws {
        // The retraining of an earlier run was ended in the middle.
        try await database.executeScript("TRUNCATE lorikeet.annotations, lorikeet.retrainings, lorikeet.leases")
        let labels = RandomAdapter.labels(Self.labels)
        let rows = texts.prefix(2000).enumerated().map { LabelledText(text: $1, label: labels[$0 % labels.count]) }
        try await database.annotate(task: Self.task, rows)
    }

    /// Waits until the task is retrained: beyond loading the base.
    ///
    /// - Returns: the number of the process.
    func waitUntilTraining() async throws -> Int {
        var process: Int?
        try await Waiting.until("no retraining started", within: .seconds(180)) {
            process = try await database.retrainingProcess()
            return process != nil
        }
        guard let process else { throw LabError("no retraining started") }
        let use = try ProcessorUse(of: process)
        try await Waiting.until("the retraining does nothing", within: .seconds(180)) { try use.seconds() > 3 }
        return process
    }

    // MARK: - Texts for commands

    /// Stores texts that are to be relabelled.
    func storeTexts(_ texts: [String], count: Int, pipeline: String) async throws {
        try await database.storeTexts(texts, count: count, pipeline: pipeline, task: Self.task)
    }

    /// Writes rows with texts, which are repeated, to a file.
    ///
    /// - Returns: its path.
    func writeRows(_ texts: [String], count: Int, name: String) throws -> String {
        let lines = texts.map { JSONValue.object([("text", .string($0))]).text + "\n" }
        var content = ""
        for index in 0..<count { content += lines[index % lines.count] }
        return try servers.folder.write("\(name).jsonl", content)
    }

    /// The file of a pipeline that no daemon runs.
    func writePipeline(_ name: String, topic: String) throws -> String {
        try servers.folder.write("\(name).yaml", pipeline(name, topic: topic).text)
    }

    // MARK: - Rows

    func waitUntilStored(_ count: Int, pipeline: String) async throws {
        try await Waiting.until("fewer than \(count) rows", within: .seconds(600)) {
            try await database.storedRows(pipeline: pipeline) >= count
        }
    }
}
