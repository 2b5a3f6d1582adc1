import BERT
import Foundation
import Reports

/// A soak: two daemons of one group under full load, a fault every few seconds, and the count at the end.
///
/// 1. `prepare`   broker, database, schema, two adapters, a pipeline file
/// 2. `disturb`   produces as fast as rows appear, breaks one thing after another, starts daemons again
/// 3. `settle`    nothing is broken any more; waits until every message has its outcome
/// 4. the count
public struct SoakRun {
    private static let tasks = ["kind", "tone"]

    private let settings: SoakSettings
    private let folder: URL
    private let name: String
    private let started = ContinuousClock.now

    public init(_ settings: SoakSettings) throws {
        self.settings = settings
        name = "soak-\(UUID().uuidString.prefix(8).lowercased())"
        folder = try ServerScratch.make(name)
    }

    /// Runs it all; whatever was started is stopped again, however it ends.
    public func run() async throws -> SoakResult {
        defer { try? FileManager.default.removeItem(at: folder) }
        say("seed \(settings.seed), \(Int(settings.duration.inSeconds)) s")
        let logs = try makeLogFolder()
        let servers = try SoakServers(settings, folder: folder)
        let daemons = try await prepare(servers, logs: logs)
        do {
            let producer = try SoakProducer(
                brokers: servers.brokers, topic: settings.topic, keyPrefix: "\(name)-", seed: settings.seed &+ 1)
            for daemon in daemons { await daemon.start() }
            var load = SoakLoad(
                settings: settings, name: name, servers: servers, daemons: daemons, producer: producer, say: say)
            try await load.disturb()
            let result = try await settle(load, servers: servers, daemons: daemons, producer: producer)
            await servers.stop()
            if !result.holds { keep(logs) }
            return result
        } catch {
            for daemon in daemons { await daemon.kill() }
            await servers.stop()
            keep(logs)
            throw error
        }
    }

    // MARK: - Steps

    private func prepare(_ servers: SoakServers, logs: URL) async throws -> [SoakDaemon] {
        try await servers.migrate()
        let base = try BERTBase(directory: settings.base)
        for (number, task) in Self.tasks.enumerated() {
            try RandomAdapter.make(over: base, layers: nil, labels: 3, seed: UInt64(number + 1)).write(
                to: adapter(task))
        }
        let pipeline = folder.appendingPathComponent("soak.yaml")
        try pipelineFile.write(to: pipeline, atomically: true, encoding: .utf8)
        let environment = ["KAFKA_BROKERS": servers.brokers, "DATABASE_URL": servers.dsn]
        return (1...settings.daemons).map {
            SoakDaemon(number: $0, pipeline: pipeline.path, environment: environment, logs: logs)
        }
    }

    /// Waits for the outcome of every message, ends the daemons and counts.
    private func settle(
        _ load: SoakLoad, servers: SoakServers, daemons: [SoakDaemon], producer: SoakProducer
    ) async throws -> SoakResult {
        try await producer.finish()
        let messages = await producer.total
        say("\(messages) messages produced; waiting for the last rows")
        let limit = ContinuousClock.now + .seconds(240)
        var count = try await self.count(servers, messages: messages)
        while count.lost > 0, ContinuousClock.now < limit {
            for daemon in daemons { await daemon.start() }
            try await Task.sleep(for: .seconds(1))
            count = try await self.count(servers, messages: messages)
        }
        for daemon in daemons { await daemon.terminate() }
        var ownEnds: [String] = []
        for daemon in daemons { ownEnds += await daemon.ownEnds }
        for end in ownEnds { say(end) }
        return SoakResult(
            faults: load.faults, messages: messages, count: try await self.count(servers, messages: messages),
            memory: load.memory, ownEnds: ownEnds.count)
    }

    private func count(_ servers: SoakServers, messages: Int) async throws -> SoakCount {
        try await servers.count(pipeline: name, keyPrefix: "\(name)-", messages: messages, tasks: Self.tasks.count)
    }

    // MARK: - Files and words

    private func adapter(_ task: String) -> String { folder.appendingPathComponent(task).path }

    private var pipelineFile: String {
        let labels = (0..<3).map { "\"label \($0)\"" }.joined(separator: ", ")
        let tasks = Self.tasks.map { "  \($0): { labels: [\(labels)], adapter: \"\(adapter($0))\" }" }.joined(
            separator: "\n")
        let base = URL(fileURLWithPath: settings.base).path
        return """
            name: \(name)
            base: "\(base)"
            source:
              kafka:
                brokers: "${KAFKA_BROKERS}"
                topics: ["\(settings.topic)"]
                group: "\(name)"
                properties:
                  session.timeout.ms: "6000"
                  heartbeat.interval.ms: "500"
                  reconnect.backoff.max.ms: "1000"
                  auto.offset.reset: earliest
            routes:
              - tasks: [\(Self.tasks.joined(separator: ", "))]
            tasks:
            \(tasks)
            batch: { tokens: 512, delay: 20ms, max_tokens: 64 }
            sink: { postgres: "${DATABASE_URL}", store_text: true }
            """
    }

    private func makeLogFolder() throws -> URL {
        let logs = settings.logs.map { URL(fileURLWithPath: $0) } ?? folder.appendingPathComponent("logs")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        return logs
    }

    /// Keeps the logs of a run that went wrong.
    private func keep(_ logs: URL) {
        guard settings.logs == nil else { return say("the daemons' logs are in \(logs.path)") }
        let kept = FileManager.default.temporaryDirectory.appendingPathComponent("lorikeet-\(name)-logs")
        if (try? FileManager.default.moveItem(at: logs, to: kept)) != nil {
            say("the daemons' logs are in \(kept.path)")
        }
    }

    /// One line of progress.
    private func say(_ line: String) {
        StandardError.write("\(String(format: "%7.1f", (ContinuousClock.now - started).inSeconds)) s  \(line)")
    }
}
