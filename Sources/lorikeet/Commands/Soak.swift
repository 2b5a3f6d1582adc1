import ArgumentParser
import Foundation
import Lab

/// `lorikeet soak`: for the project's own tests, so it is not shown among the commands.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Run two daemons under full load while everything around them breaks, then count.",
        discussion: """
            The last line is `faults N, messages M, lost 0, doubled 0, memory A -> B MB`: the resident memory of the larger daemon in the first and the
            last third of the run. Exit status 1 if anything was lost or doubled, if a daemon ended by itself, or if no
            message was stored for a minute while nothing was broken.

            EXAMPLES
              lorikeet soak --seconds 600
              lorikeet soak --seconds 600 --seed 42
              lorikeet soak --seconds 600 --brokers kafka:9092 --topic soak --database 'postgresql://…'
            """,
        shouldDisplay: false)

    @Option(help: "How long messages are produced and faults made.")
    var seconds = 600

    @Option(help: "Decides which faults come when; printed. By default another one each time.")
    var seed: UInt64 = .random(in: 1...999_999)

    @Option(help: "The base model.")
    var base = "models/all-MiniLM-L6-v2"

    @Option(
        help:
            "A broker elsewhere, instead of a private one; faults are then made of the daemons and their sessions only."
    )
    var brokers: String?

    @Option(
        help: ArgumentHelp(
            "A command for /bin/sh that breaks the broker elsewhere with 'break' added, and mends it with 'mend'.",
            valueName: "command"))
    var breakBroker: String?

    @Option(help: "The topic; a broker elsewhere must have it, or make it when it is asked for.")
    var topic = "lorikeet-soak"

    @Option(help: "A database elsewhere whose schema this role may make, instead of a private one.")
    var database: String?

    @Option(help: "Where the daemons' logs are kept; by default nowhere, unless something went wrong.")
    var logs: String?

    func validate() throws {
        guard seconds >= 1 else { throw ValidationError("--seconds must be at least 1") }
        guard breakBroker == nil || brokers != nil else { throw ValidationError("--break-broker needs --brokers") }
    }

    func run() async throws {
        let settings = SoakSettings(
            duration: .seconds(seconds), seed: seed, base: base, brokers: brokers, breakBroker: breakBroker,
            topic: topic, database: database, logs: logs)
        let result = try await Interruption.cancelling { try await SoakRun(settings).run() }
        print(result.line)
        if !result.holds { throw ExitCode(1) }
    }
}
