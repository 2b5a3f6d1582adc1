import BERT
import FoundationEssentials
import Reports
import Threading

/// A soak: two daemons of one consumer group under full load, a fault every few seconds, and a count at the end.
///
/// 1. `prepare`          broker, database, schema, two adapters, two pipeline files: one publishes its labels, the
///                       other reads long texts in windows
/// 2. ``SoakLoad``       produces as fast as rows are stored, injects faults, restarts daemons
/// 3. `awaitOutcomes`    nothing is broken any more; waits until every message has its outcome
/// 4. ``SoakRelabelling`` relabels what was produced last, to the end
/// 5. `published`        waits until the outbox is empty, and reads the output topic
/// 6. `stopAndCount`     ends the daemons and compares every message with its rows
public struct SoakRun {
    private static let tasks = ["kind", "tone"]
    private static let labels = 3
    /// The task that the second pipeline reads in windows.
    private static let windowedTask = "topic"

    private let settings: SoakSettings
    private let folder: ScratchFolder
    /// The pipeline, which an external database may have from other soaks too.
    private let name: String
    private let logs: String
    private let started = ContinuousClock.now

    /// Prepares a scratch folder; nothing is started yet.
    public init(_ settings: SoakSettings) throws {
        self.settings = settings
        folder = try ScratchFolder("soak")
        name = "soak-\(folder.path.split(separator: "-").last ?? "")"
        logs = settings.logs ?? folder.path("logs")
    }

    private var windowsName: String { "\(name)-windows" }

    private var keyPrefix: String { "\(name)-" }

    /// Runs the soak and stops whatever it started, however it ends.
    ///
    /// - Throws: ``LabError`` if the load stalls, and errors of the servers.
    public func run() async throws -> SoakResult {
        defer { folder.remove() }
        say("seed \(settings.seed), \(Int(settings.duration.inSeconds)) s")
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
        let servers = try SoakServers(settings, folder: folder)
        var daemons: [SoakDaemon] = []
        var relabelling: SoakRelabelling?
        do {
            let prepared = try await prepare(servers)
            (daemons, relabelling) = (prepared.daemons, prepared.relabelling)
            let result = try await run(servers, daemons: daemons, relabelling: prepared.relabelling)
            await servers.stop()
            if !result.holds { keepLogs() }
            return result
        } catch {
            for daemon in daemons { await daemon.kill() }
            await relabelling?.kill()
            await servers.stop()
            keepLogs()
            throw error
        }
    }

    private func run(
        _ servers: SoakServers, daemons: [SoakDaemon], relabelling: SoakRelabelling
    ) async throws -> SoakResult {
        // Without a delivery timeout, so that every counted message reaches the topic in the end. A retry may store a
        // message twice; that makes two records with one key, each with its own offset and rows.
        let producer = try LabProducer(
            brokers: servers.brokers, topic: settings.topic,
            properties: ["linger.ms": "20", "message.timeout.ms": "0", "reconnect.backoff.max.ms": "500"])
        for daemon in daemons { await daemon.start() }
        var load = SoakLoad(
            settings: settings, name: name, servers: servers, daemons: daemons, relabelling: relabelling,
            producer: producer, messages: SoakMessages(keyPrefix: keyPrefix, seed: settings.seed &+ 1), say: say)
        try await load.run()
        try await producer.flush()
        let messages = await producer.total
        say("\(messages) messages produced; waiting for the last rows")
        try await awaitOutcomes(of: messages, servers: servers, daemons: daemons)
        try await relabelling.finish()
        let unpublished = try await unpublished(servers)
        return try await stopAndCount(
            load, messages: messages, unpublished: unpublished, servers: servers, daemons: daemons,
            relabelling: relabelling)
    }

    // MARK: - Steps

    private func prepare(
        _ servers: SoakServers
    ) async throws -> (daemons: [SoakDaemon], relabelling: SoakRelabelling) {
        try await servers.database.migrate()
        let base = try BERTBase(directory: settings.base)
        for (number, task) in (Self.tasks + [Self.windowedTask]).enumerated() {
            try RandomAdapter.make(over: base, labels: Self.labels, seed: UInt64(number + 1))
                .write(to: folder.path(task))
        }
        var pipeline = pipeline(name, tasks: Self.tasks)
        pipeline.publishes = "{ topic: \"\(settings.outputTopic)\" }"
        let file = try folder.write("soak.yaml", pipeline.text)
        var windows = self.pipeline(windowsName, tasks: [Self.windowedTask])
        windows.tasks[0].longTexts = "{ window: 48, stride: 32, pool: max }"
        let windowsFile = try folder.write("windows.yaml", windows.text)
        let environment = ["KAFKA_BROKERS": servers.brokers, "DATABASE_URL": servers.database.dsn]
        let daemons = (1...settings.daemons).map {
            SoakDaemon(number: $0, pipelines: [file, windowsFile], environment: environment, logs: logs)
        }
        let relabelling = SoakRelabelling(
            pipeline: file, environment: environment, tasks: Self.tasks, base: base, labels: Self.labels,
            folder: folder)
        return (daemons, relabelling)
    }

    private func pipeline(_ name: String, tasks: [String]) -> LabPipeline {
        LabPipeline(
            name: name, base: settings.base, topic: settings.topic,
            properties: [
                "session.timeout.ms": "6000", "heartbeat.interval.ms": "500", "reconnect.backoff.max.ms": "1000",
                "auto.offset.reset": "earliest",
            ],
            tasks: tasks.map {
                .init(name: $0, labels: RandomAdapter.labels(Self.labels), adapter: folder.path($0))
            },
            batch: "{ tokens: 512, delay: 20ms, max_tokens: 64 }", storesText: true)
    }

    /// Waits until every message has its outcome, but not for ever: what has none then is lost.
    private func awaitOutcomes(of messages: Int, servers: SoakServers, daemons: [SoakDaemon]) async throws {
        let limit = ContinuousClock.now + .seconds(240)
        while try await count(messages, servers).lost > 0, ContinuousClock.now < limit {
            for daemon in daemons { await daemon.start() }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// How many labelled messages are not in the output topic, once the outbox is empty.
    private func unpublished(_ servers: SoakServers) async throws -> Int {
        try await Waiting.until("the outbox is empty", within: .seconds(120)) {
            try await servers.database.labelled(pipeline: name).waiting == 0
        }
        let labelled = try await servers.database.labelled(pipeline: name).origins
        let reader = try LabReader(brokers: servers.brokers, topic: settings.outputTopic)
        return try await reader.missing(labelled, within: .seconds(60)).count
    }

    private func stopAndCount(
        _ load: SoakLoad, messages: Int, unpublished: Int, servers: SoakServers, daemons: [SoakDaemon],
        relabelling: SoakRelabelling
    ) async throws -> SoakResult {
        for daemon in daemons { await daemon.terminate() }
        var exits = await relabelling.unexpectedExits
        for daemon in daemons { exits += await daemon.unexpectedExits }
        for exit in exits { say(exit) }
        return SoakResult(
            faults: load.faults, messages: messages, count: try await count(messages, servers), memory: load.memory,
            unexpectedExits: exits.count, unpublished: unpublished)
    }

    private func count(_ messages: Int, _ servers: SoakServers) async throws -> SoakResult.Count {
        func count(_ pipeline: String, tasks: Int) async throws -> SoakResult.Count {
            try await servers.database.count(
                pipeline: pipeline, keyPrefix: keyPrefix, messages: messages, tasks: tasks)
        }
        return try await count(name, tasks: Self.tasks.count) + count(windowsName, tasks: 1)
    }

    // MARK: - Words

    /// Keeps the daemons' logs of a soak that failed, and says where they are.
    private func keepLogs() {
        guard settings.logs == nil else { return say("the daemons' logs are in \(logs)") }
        let kept = folder.path + "-logs"
        if (try? FileManager.default.moveItem(atPath: logs, toPath: kept)) != nil {
            say("the daemons' logs are in \(kept)")
        }
    }

    /// Prints one line of progress.
    private func say(_ line: String) {
        let seconds = Figure.decimal((ContinuousClock.now - started).inSeconds, 1)
        StandardError.write(String(repeating: " ", count: max(0, 7 - seconds.count)) + "\(seconds) s  \(line)")
    }
}
