import Foundation
import LocalServers
import PostgresClient
import TestSupport
import Testing

@testable import Lab

/// Someone who follows the README in a new folder, with the servers and files that it says you need. `take(_:)` takes
/// one step.
final class ReadmeReader {
    static let topic = "tickets"

    let folder: Scratch
    let tickets = Tickets()
    let database: LabDatabase
    /// What the README's `export` line names, with the values of the reader's own servers.
    let servers: [String: String]
    /// The environment of the reader's shell.
    var environment: [String: String]
    /// Once `lorikeet run` was run.
    var daemon: DaemonProcess?
    /// Records that were produced: the next offset.
    private(set) var produced = 0
    private let producer: LabProducer

    var logFile: String { folder.path("daemon.log") }

    /// Runs `body` with a reader, and stops everything that was started, however it ends.
    static func with(_ body: (ReadmeReader) async throws -> Void) async throws {
        let folder = try Scratch()
        defer { withExtendedLifetime(folder) {} }
        try await withTestDatabase { database in
            try await withEmbeddedBroker(topics: [topic: 1]) { broker in
                let reader = try ReadmeReader(folder: folder, broker: broker, postgres: database.dsn())
                defer { if let daemon = reader.daemon, daemon.isRunning { daemon.signal(SIGKILL) } }
                try await body(reader)
                await reader.database.close()
            }
        }
    }

    private init(folder: Scratch, broker: EmbeddedBroker, postgres: String) throws {
        self.folder = folder
        database = LabDatabase(dsn: postgres)
        producer = try LabProducer(
            brokers: broker.bootstrapServers, topic: Self.topic,
            properties: ["linger.ms": "0", "message.timeout.ms": "30000"])
        servers = ["KAFKA_BROKERS": broker.bootstrapServers, "DATABASE_URL": postgres]
        let inherited = ProcessInfo.processInfo.environment
        environment = inherited.filter { !["KAFKA_BROKERS", "DATABASE_URL"].contains($0.key) }
        environment["PATH"] = folder.path("bin") + ":" + (inherited["PATH"] ?? "/usr/bin:/bin")
        try prepareFolder()
    }

    /// The program on the PATH, the base where `make setup` puts it, and two files of labelled texts.
    private func prepareFolder() throws {
        for (link, target) in [
            ("bin/lorikeet", try BuiltProgram.url().path), ("models/all-MiniLM-L6-v2", TestModels.base),
        ] {
            let place = URL(fileURLWithPath: folder.path(link))
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: place.path, withDestinationPath: target)
        }
        for (name, rows) in [("tickets.tsv", tickets.training), ("validation.tsv", tickets.validation)] {
            try folder.write(name, rows.map { "\($0.label)\t\($0.text)\n" }.joined())
        }
    }

    // MARK: - The shell, the topic and the database

    /// Runs a command in the reader's folder. It must succeed.
    func shell(_ command: String) async throws -> Program.Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.folder)
        process.environment = environment
        let outcome = try await Program.outcome(of: process)
        try #require(outcome.status == 0, "\(command)\n\(outcome.output)\(outcome.error)")
        return outcome
    }

    /// Produces records with these values, and waits until the broker has them.
    func produce(_ values: [some Encodable]) async throws {
        let messages = try values.map {
            LabProducer.Message(key: nil, payload: Array(try JSONEncoder().encode($0)), partition: 0)
        }
        produced += messages.count
        try await producer.produce(messages)
        try await producer.flush(within: .seconds(30))
    }

    /// Has the daemon label one text.
    ///
    /// - Returns: the label, and the version of the adapter that gave it.
    func label(_ text: String) async throws -> (label: String, version: Int) {
        let offset = PostgresValue.integer(Int64(produced))
        try await produce([["body": text]])
        let statement = """
            SELECT l.label, a.version FROM lorikeet.labels l
            JOIN lorikeet.adapters a ON a.task = l.task AND a.digest = l.adapter_digest WHERE l."offset" = $1::bigint
            """
        var found: PostgresRow?
        try await until("the text is labelled") {
            found = try await database.execute(statement, [offset]).first
            return found != nil
        }
        let row = try #require(found)
        return (try row.text("label"), Int(try row.integer("version")))
    }

    /// Waits until the daemon labels with this version.
    func untilInUse(version: Int) async throws {
        try await until("version \(version) is in use") {
            daemon?.metrics()?.sum("lorikeet_adapter_info", ["task": "urgency", "version": "\(version)"]) == 1
        }
    }

    /// Looks again and again until something holds.
    func until(_ event: String, _ holds: () async throws -> Bool) async throws {
        do {
            try await Waiting.until("not \(event)", within: .seconds(60), every: .milliseconds(20), holds)
        } catch let error as LabError {
            throw LabError("\(error)\n\(DaemonProcess.Log.tail(of: logFile, lines: 30))")
        }
    }
}
