import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet retrainings list [TASK]`.
struct RetrainingsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List retrainings, the newest first.",
        discussion: """
            EXAMPLES
              lorikeet retrainings list
              lorikeet retrainings list section --count 5
              lorikeet retrainings list --json | jq 'select(.verdict == "held")'
            """)

    @Argument(help: ArgumentHelp("Only this task.", valueName: "task"))
    var task: String?

    @Option(help: ArgumentHelp("How many.", valueName: "n"))
    var count = 20

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        if count < 1 { throw ValidationError("--count must be 1 or more") }
    }

    func run() async throws {
        let records = try await RetrainingsOperation(databaseOptions.source).retrainings(task: task, limit: count)
        if output.json {
            for record in records { try StandardOutput.shared.line(JSONValue.object(record.members).text) }
            return
        }
        guard !records.isEmpty else { return StandardError.write("there were no retrainings") }
        var table = TextTable(
            .right("id"), .left("task"), .left("started"), .left("trigger"), .left("verdict"), .right("version"),
            .right("rows"), .left("reason"))
        for record in records {
            table.add(
                String(record.id), record.task, record.startedAt.text, record.trigger.rawValue,
                record.verdict?.rawValue ?? "–", record.challengerVersion.map(String.init) ?? "–",
                String(record.rowsUsed), record.reason ?? "–")
        }
        try table.print()
    }
}
