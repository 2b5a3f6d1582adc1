import ArgumentParser
import Operations
import Reports

/// The root command: `lorikeet`.
struct Lorikeet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lorikeet",
        abstract: "Label a stream of texts with LoRA adapters over one BERT, and retrain them.",
        discussion: """
            Reads texts from Kafka, writes labels to PostgreSQL, and retrains the adapters
            on new labelled rows. With files only:

              lorikeet train --base models/all-MiniLM-L6-v2 \\
                  --train train.tsv --validation test.tsv --output adapters/topic
              echo 'a game of chess' | lorikeet classify \\
                  --base models/all-MiniLM-L6-v2 --adapter adapters/topic

            With Kafka and PostgreSQL, from one pipeline file:

              lorikeet check pipelines/packages.yaml
              lorikeet migrate --pipeline pipelines/packages.yaml
              lorikeet run pipelines/packages.yaml

            lorikeet help COMMAND shows the options of a command, with examples.

            Results go to standard output, everything else to standard error.
            Exit status: 0 done, 1 failed, 64 wrong usage, 78 wrong configuration.
            """,
        version: LorikeetVersion.current,
        groupedSubcommands: [
            CommandGroup(name: "Pipeline File", subcommands: [InitCommand.self, SchemaCommand.self]),
            CommandGroup(
                name: "Daemon",
                subcommands: [
                    Run.self, Reload.self, Status.self, Top.self, Tap.self, Check.self, Migrate.self, TestExamples.self,
                ]),
            CommandGroup(
                name: "History",
                subcommands: [
                    Rejected.self, Relabel.self, Replay.self, Label.self, Prune.self, Forget.self,
                ]),
            CommandGroup(
                name: "Adapter",
                subcommands: [Tokenize.self, Train.self, Evaluate.self, Compare.self, Classify.self, Benchmark.self]),
            CommandGroup(
                name: "Retraining and Registry",
                subcommands: [Retrain.self, Retrainings.self, Adapters.self, Annotations.self]),
            CommandGroup(name: "Demonstration", subcommands: [DemoCommand.self, SoakCommand.self]),
        ])

    /// The same prefix as that of `ErrorReporting.end(with:)`.
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
            ErrorReporting.end(with: error)
        }
    }
}
