import Foundation
import Testing

/// A broker that knows what the embedded one does not, as a process of its own: `scripts/kafka-broker` runs it.
final class RealBroker {
    /// The script did not say where its broker listens.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// The script, which `make test-broker` names.
    static let script = ProcessInfo.processInfo.environment["KAFKA_BROKER"]
    /// The topics of a ``DeliveryStream``.
    static let topics = ["--topic", "\(DeliveryStream.topic):2", "--topic", "\(DeliveryStream.output):3"]

    /// The value of `bootstrap.servers`.
    let bootstrapServers: String
    private let process = Process()
    /// The broker ends with its input, so it does not outlive this process.
    private let input = Program.pipe()

    /// - Parameter arguments: of the script.
    init(_ arguments: [String] = RealBroker.topics) throws {
        guard let script = Self.script else { throw Missing(description: "KAFKA_BROKER is not set") }
        let output = Program.pipe()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = arguments
        (process.standardInput, process.standardOutput) = (input, output)
        // tansu says there what it has to complain about, which in these tests is much.
        process.standardError = FileHandle.nullDevice
        try process.run()
        var told = ""
        while !told.contains("\n") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Missing(description: "\(script) ended without a broker: run it by hand") }
            told += String(decoding: data, as: UTF8.self)
        }
        bootstrapServers = told.trimmingCharacters(in: .newlines)
    }

    /// Ends it.
    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Runs `body` with a broker, stopped afterwards.
    static func with<Value>(
        _ arguments: [String] = RealBroker.topics, _ body: (RealBroker) async throws -> Value
    ) async throws -> Value {
        let broker = try RealBroker(arguments)
        defer { broker.stop() }
        return try await body(broker)
    }

    /// Runs `body` with a stream over a broker that asks nobody who he is.
    static func withStream(
        sessionTimeout: Duration = DeliveryStream.sessionTimeout, publishes: Bool = false,
        _ body: (DeliveryStream) async throws -> Void
    ) async throws {
        try await with { broker in
            try await DeliveryStream.with(
                client: ["bootstrap.servers": broker.bootstrapServers], sessionTimeout: sessionTimeout,
                publishes: publishes, body)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Not part of `make test`. Where the script is named, a broker that does not start fails the test.
    static var realBroker: Self { .enabled(if: RealBroker.script != nil, "make test-broker runs it") }
}
