import ArgumentParser
import Lab
import Reports

/// `lorikeet demo`: the whole product on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show everything live on this machine: train, stream, retrain, roll back, count.",
        discussion: """
            Starts a private PostgreSQL and a Kafka broker in a temporary folder, trains
            two adapters on this machine's Debian package catalogue, streams descriptions
            through `lorikeet run`, and accounts for every message at the end. Ctrl-C
            leaves nothing behind.

            EXAMPLES
              lorikeet demo
              lorikeet demo --keep            # keeps running at the end, for psql and kcat
              lorikeet demo --messages 10000
            """)

    @Option(help: ArgumentHelp("The base: a Hugging Face folder of a BERT or DistilBERT.", valueName: "dir"))
    var base = "models/all-MiniLM-L6-v2"

    @Option(help: ArgumentHelp("The pipeline file that the daemon runs.", valueName: "file"))
    var pipeline = "pipelines/packages.yaml"

    @Option(help: ArgumentHelp("Stream at least this many messages.", valueName: "n"))
    var messages = 4000

    @Flag(help: "Keep everything running at the end until Ctrl-C.")
    var keep = false

    func run() async throws {
        let options = DemoRun.Options(base: base, pipeline: pipeline, messages: messages, keep: keep)
        let console = DemoConsole()
        do {
            try await Interruption.cancelling { try await DemoRun(options: options, console: console).run() }
        } catch is CancellationError {
            console.endLive()
            console.say("Interrupted. Everything is stopped and removed.")
            throw ExitCode(130)
        } catch {
            console.endLive()
            StandardError.write("lorikeet demo: \(error)")
            throw ExitCode(1)
        }
    }
}
