import ArgumentParser
import Lab
import Reports

/// `lorikeet benchmark scale`: the load of many daemons on one database.
struct BenchmarkScale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Measure what many daemons ask of one database.",
        discussion: """
            Starts a private PostgreSQL. Simulates daemons that follow the adapter store,
            measure accuracy and look for what to retrain, as real ones do, but label
            nothing. Prints one JSON object: statements per second when idle, the server's
            processor time, connections, and the time from a promotion until the last
            daemon has the new adapter. The base must be small, because each simulated
            daemon holds all adapters; scripts/random-base writes one.

            EXAMPLES
              lorikeet benchmark scale --base small-base --daemons 50 --adapters 200
            """)

    @OptionGroup var baseOption: BaseOptions

    @Option(help: ArgumentHelp("Number of simulated daemons.", valueName: "n"))
    var daemons = 200

    @Option(help: ArgumentHelp("Number of live adapters, one per task.", valueName: "n"))
    var adapters = 1000

    @Option(
        help: ArgumentHelp("Seconds before the rest: each daemon looks at everything once a minute.", valueName: "n"))
    var settle = 60

    @Option(help: ArgumentHelp("Seconds for which the rest is measured.", valueName: "n"))
    var seconds = 60

    @Flag(help: "Notify promotions, as with sink.postgres_direct. Default: daemons only poll.")
    var listen = false

    @Option(help: ArgumentHelp("Seed for weights and phases.", valueName: "n"))
    var seed: UInt64 = 1

    func validate() throws {
        guard daemons >= 1 else { throw ValidationError("--daemons must be at least 1") }
        guard adapters >= 1 else { throw ValidationError("--adapters must be at least 1") }
        guard settle >= 0 else { throw ValidationError("--settle must be at least 0") }
        guard seconds >= 1 else { throw ValidationError("--seconds must be at least 1") }
    }

    func run() async throws {
        let (base, _) = try baseOption.load()
        let benchmark = ScaleBenchmark(
            base: base, daemons: daemons, adapters: adapters, settling: settle, seconds: seconds, listens: listen,
            seed: seed)
        let figures = try await Interruption.cancelling { try await benchmark.run() }
        try StandardOutput.shared.line(figures.text)
    }
}
