import ArgumentParser

/// `lorikeet adapters promote TASK VERSION`.
struct AdaptersPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Make a version live; the one that was retires.",
        discussion: """
            Running daemons swap it in within two seconds; texts keep flowing.

            EXAMPLES
              lorikeet adapters promote section 3
              lorikeet adapters promote section 3 --pipeline pipelines/packages.yaml --json
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The version.", valueName: "version"))
    var version: Int

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let live = try await registry.withStore { try await $0.promote(task: task, version: version) }
        try VersionReport.print(live, json: output.json, sentence: "\(VersionReport.name(live)) is live")
    }
}
