import ArgumentParser

/// `lorikeet adapters rollback TASK`.
struct AdaptersRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Make the version live again that was live before.",
        discussion: """
            Running daemons swap it in within two seconds; the one taken back is marked
            as rejected.
            A second rollback goes one further back.

            EXAMPLES
              lorikeet adapters rollback section
              lorikeet adapters rollback section --database postgresql://db/texts
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let live = try await registry.withStore { try await $0.rollback(task: task) }
        try VersionReport.print(live, json: output.json, sentence: "\(VersionReport.name(live)) is live again")
    }
}
