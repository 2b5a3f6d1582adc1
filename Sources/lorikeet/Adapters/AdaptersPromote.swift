import ArgumentParser
import Operations

/// `lorikeet adapters promote TASK VERSION`.
struct AdaptersPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Make a version live, and retire the present live version.",
        discussion: """
            Running daemons swap it in within two seconds, without a pause in the traffic.
            Ends the shadow of a challenger. If that is the version to promote, it goes
            live at once; otherwise it is rejected. To end a shadow and keep the live
            version, promote the live version.

            EXAMPLES
              lorikeet adapters promote section 3
              lorikeet adapters promote section 3 --pipeline pipelines/packages.yaml --json
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version.", valueName: "version"))
    var version: Int

    @Option(help: ArgumentHelp("Why, for the adapter store.", valueName: "text"))
    var reason: String?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let live = try await AdaptersOperation(databaseOptions.source).promote(
            task: task, version: version, reason: reason)
        try live.print(json: output.json, sentence: "is live")
    }
}
