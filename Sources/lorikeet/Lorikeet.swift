import ArgumentParser
import Pipelines
import Reports

/// The root command: `lorikeet`.
struct Lorikeet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lorikeet",
        abstract: "Labels a stream of texts with LoRA adapters over one BERT, and keeps learning.",
        discussion: """
            Texts come from Kafka, labels go to PostgreSQL, new labelled rows retrain the
            adapters. Without either, on files alone:

              lorikeet train --base models/all-MiniLM-L6-v2 \\
                  --train train.tsv --validation test.tsv --output adapters/topic
              echo 'a game of chess' | lorikeet classify \\
                  --base models/all-MiniLM-L6-v2 --adapter adapters/topic

            With both, from one pipeline file:

              lorikeet check pipelines/packages.yaml
              lorikeet migrate --pipeline pipelines/packages.yaml
              lorikeet run pipelines/packages.yaml

            Every command explains itself: lorikeet help train.

            Results go to standard output, everything else to standard error.
            Exit status: 0 done, 1 failed, 64 usage, 78 configuration.
            """,
        version: LorikeetVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Live", subcommands: [Run.self, Check.self, Migrate.self, TestExamples.self, Rejected.self]),
            CommandGroup(
                name: "Text and Adapter",
                subcommands: [Tokenize.self, Train.self, Evaluate.self, Compare.self, Classify.self, Benchmark.self]),
            CommandGroup(name: "Learning", subcommands: [Retrain.self, Adapters.self]),
            CommandGroup(name: "Demonstration", subcommands: [DemoCommand.self, SoakCommand.self]),
        ])

    /// As `end(with:)` writes it.
    static var _errorPrefix: String { "error: " }

    /// Parses the arguments, runs the command, and ends the process if it failed.
    static func start() async {
        let command: any ParsableCommand
        do {
            command = try await asyncParseAsRoot()
        } catch {
            exit(withError: error)
        }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            try StandardOutput.shared.flush()
        } catch {
            end(with: error)
        }
    }
}
