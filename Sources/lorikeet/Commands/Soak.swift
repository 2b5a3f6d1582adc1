import ArgumentParser
import Lab
import Reports

/// `lorikeet soak`: for the project's own tests, so the list of commands does not show it.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Run two daemons under full load, inject faults, and account for every message.",
        discussion: """
            The last line is `faults N, messages M, lost 0, doubled 0, memory A -> B MB`,
            with the resident memory of the larger daemon in the first and the last third
            of the run. The exit status is 1 if a message was lost or doubled, if a daemon
            exited on its own, or if no message was stored for a minute without a fault.

            EXAMPLES
              lorikeet soak --seconds 600
              lorikeet soak --seconds 600 --seed 42
              lorikeet soak --seconds 600 --brokers kafka:9092 --topic soak \\
                  --database 'postgresql://…'
            """,
        shouldDisplay: false)

    @Option(help: "Seconds for which messages are produced and faults injected.")
    var seconds = 600

    @Option(help: "Seed of the faults. By default random; it is printed.")
    var seed: UInt64 = .random(in: 1...999_999)

    @Option(help: ArgumentHelp("The base: a Hugging Face folder of a BERT or DistilBERT.", valueName: "dir"))
    var base = "models/all-MiniLM-L6-v2"

    @Option(
        help: "An external Kafka instead of the embedded broker. Faults then hit only daemons and database."
    )
    var brokers: String?

    @Option(
        help: ArgumentHelp(
            "A shell command that breaks the external broker; called with 'break' and with 'mend' appended.",
            valueName: "command"))
    var breakBroker: String?

    @Option(help: "The topic. An external broker must have it or create it on demand.")
    var topic = "lorikeet-soak"

    @Option(help: "An external database whose schema this role may create, instead of a private one.")
    var database: String?

    @Option(help: "Folder for the daemons' logs. By default they are kept only after a failure.")
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
        try StandardOutput.shared.line(result.line)
        if !result.holds { throw ExitCode(1) }
    }
}
