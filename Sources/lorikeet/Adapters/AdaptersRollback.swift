import ArgumentParser
import Operations

/// `lorikeet adapters rollback TASK`.
struct AdaptersRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Make the previous live version live again.",
        discussion: """
            Running daemons swap it in within two seconds. The version that it replaces is
            marked as rejected. A second rollback goes back one more version.

            EXAMPLES
              lorikeet adapters rollback section
              lorikeet adapters rollback section --database postgresql://db/texts
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Option(help: ArgumentHelp("Why, for the adapter store.", valueName: "text"))
    var reason: String?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let live = try await AdaptersOperation(databaseOptions.source).rollback(task: task, reason: reason)
        try live.print(json: output.json, sentence: "is live again")
    }
}
