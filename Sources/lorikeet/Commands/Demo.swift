import ArgumentParser
import Foundation
import Lab
import Reports

/// `lorikeet demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole thing on this machine: train, stream, retrain, roll back, count.",
        discussion: """
            Starts a private PostgreSQL and a broker in a temporary folder, trains two adapters on the machine's own package catalogue,
            streams descriptions through `lorikeet run`, and counts every row at the end. Ctrl-C leaves nothing behind.

            EXAMPLES
              lorikeet demo
              lorikeet demo --keep            # leave it running, to look at with psql and kcat
              lorikeet demo --messages 10000
            """)

    @Option(help: "The base model: a Hugging Face directory of a BERT or DistilBERT.")
    var base = "models/all-MiniLM-L6-v2"

    @Option(help: "The pipeline file that the daemon runs.")
    var pipeline = "pipelines/packages.yaml"

    @Option(help: "Stream at least so many descriptions.")
    var messages = 4000

    @Flag(help: "Leave everything running at the end, until Ctrl-C.")
    var keep = false

    func run() async throws {
        let options = DemoRun.Options(base: base, pipeline: pipeline, messages: messages, keep: keep)
        let console = DemoConsole()
        do {
            try await Interruption.cancelling { try await DemoRun(options: options, console: console).run() }
        } catch is CancellationError {
            console.endLive()
            console.say("stopped; nothing is left behind")
            throw ExitCode(130)
        } catch {
            console.endLive()
            StandardError.write("lorikeet demo: \(error)")
            throw ExitCode(1)
        }
    }
}
