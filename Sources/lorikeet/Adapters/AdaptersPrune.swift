import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet adapters prune [TASK]`.
struct AdaptersPrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove the weights of old versions; what is known of them stays.",
        discussion: """
            Only versions that are retired or rejected are pruned. The newest of them keep
            their weights, and so does the version that a rollback would make live.

            --shadow-labels also deletes the rows of lorikeet.shadow_labels whose shadow
            has ended. Verdicts and their figures stay.

            EXAMPLES
              lorikeet adapters prune --keep 20 --dry-run
              lorikeet adapters prune section --shadow-labels
              lorikeet adapters prune section --keep 5
            """)

    @Argument(help: ArgumentHelp("Only this task.", valueName: "task"))
    var task: String?

    @Option(help: ArgumentHelp("Retired and rejected versions per task that keep their weights.", valueName: "n"))
    var keep = 10

    @Flag(help: "Also delete the labels of challengers whose shadow has ended.")
    var shadowLabels = false

    @Flag(help: "Only say what would be pruned.")
    var dryRun = false

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if keep < 0 { throw ValidationError("--keep must be 0 or more") }
    }

    func run() async throws {
        let operation = AdaptersOperation(databaseOptions.source)
        let pruned = try await operation.prune(task: task, keeping: keep, isDryRun: dryRun)
        if output.json {
            for version in pruned { try StandardOutput.shared.line(JSONValue.object(version.members).text) }
        } else if pruned.isEmpty {
            StandardError.write("nothing to prune")
        } else {
            try pruned.table.print()
        }
        guard shadowLabels else { return }
        let rows = try await operation.pruneShadowLabels(task: task, isDryRun: dryRun)
        StandardError.write("\(rows) rows of shadow_labels \(dryRun ? "would be deleted" : "deleted")")
    }
}
