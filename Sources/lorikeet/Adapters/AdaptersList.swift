import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet adapters list [TASK]`.
struct AdaptersList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all versions of all tasks, or of one task.",
        discussion: """
            EXAMPLES
              lorikeet adapters list
              lorikeet adapters list section --database postgresql://db/texts
              lorikeet adapters list --json | jq 'select(.state == "live")'
            """)

    @Argument(help: ArgumentHelp("Only this task.", valueName: "task"))
    var task: String?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let versions = try await AdaptersOperation(databaseOptions.source).versions(task: task)
        if output.json {
            for version in versions { try StandardOutput.shared.line(JSONValue.object(version.members).text) }
        } else if versions.isEmpty {
            StandardError.write(
                task.map { "the adapter store has no adapter for task \($0)" } ?? "the adapter store is empty")
        } else {
            try versions.table.print()
        }
    }
}
