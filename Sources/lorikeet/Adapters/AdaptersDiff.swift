import ArgumentParser
import JSON
import Operations
import Reports

/// `lorikeet adapters diff TASK VERSION [VERSION]`.
struct AdaptersDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show how two versions differ: labels, settings, metrics, rows, origin.",
        discussion: """
            Prints only what differs. `compare` evaluates two adapters on the same rows.

            EXAMPLES
              lorikeet adapters diff section 3
              lorikeet adapters diff section 3 5
              lorikeet adapters diff section 3 5 --json | jq .labels_removed
            """)

    @Argument(help: ArgumentHelp("The task.", valueName: "task"))
    var task: String

    @Argument(help: ArgumentHelp("The first version.", valueName: "version"))
    var first: Int

    @Argument(help: ArgumentHelp("The second version. Default: the live one.", valueName: "version"))
    var second: Int?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let difference = try await AdaptersOperation(databaseOptions.source).difference(task: task, first, second)
        if output.json { return try StandardOutput.shared.line(JSONValue.object(Self.members(difference)).text) }
        var table = TextTable(
            .left("property"), .left("version \(difference.first.version)"),
            .left("version \(difference.second.version)"))
        let (added, removed) = (difference.addedLabels, difference.removedLabels)
        if !added.isEmpty { table.add("labels added", "–", added.joined(separator: ", ")) }
        if !removed.isEmpty { table.add("labels removed", removed.joined(separator: ", "), "–") }
        for fact in difference.facts { table.add(fact.name, fact.first ?? "–", fact.second ?? "–") }
        if table.rows.isEmpty { return StandardError.write("the versions do not differ") }
        try table.print()
    }

    private static func members(_ difference: AdapterDifference) -> [(key: String, value: JSONValue)] {
        let facts = difference.facts.map { fact in
            JSONValue.object([
                ("name", .string(fact.name)), ("first", .optional(fact.first)), ("second", .optional(fact.second)),
            ])
        }
        return [
            ("first", .object(difference.first.members)), ("second", .object(difference.second.members)),
            ("labels_added", .array(difference.addedLabels.map { .string($0) })),
            ("labels_removed", .array(difference.removedLabels.map { .string($0) })), ("differences", .array(facts)),
        ]
    }
}
