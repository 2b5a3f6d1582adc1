import ArgumentParser
import Connectors
import JSON
import Operations
import Reports

/// `lorikeet rejected list`.
struct RejectedList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List rejected records, or count them by reason.",
        discussion: """
            EXAMPLES
              lorikeet rejected list --summary
              lorikeet rejected list --stage classify --since 1d
              lorikeet rejected list --json | jq -r .origin
            """)

    @OptionGroup var options: RejectedOptions

    @Flag(help: "Count records per pipeline, stage and reason.")
    var summary = false

    @Option(help: ArgumentHelp("Maximum number of records.", valueName: "n"))
    var limit = 1000

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let filter = try options.filter(origins: [])
        let operation = RejectedOperation(options.databaseOptions.source)
        if summary {
            try print(try await operation.summary(filter))
        } else {
            try print(try await operation.rows(filter, limit: limit))
        }
    }

    private func print(_ rows: [RejectedRow]) throws {
        if output.json {
            for row in rows { try StandardOutput.shared.line(JSONValue.object(row.members).text) }
            return
        }
        var table = TextTable(
            .left("pipeline"), .left("origin"), .left("rejected"), .left("stage"), .right("bytes"), .left("reason"))
        for row in rows {
            table.add(
                row.pipeline, row.origin.description, row.rejectedAt.text, row.stage.rawValue,
                row.payloadBytes.map(String.init) ?? "null", row.reason)
        }
        rows.isEmpty ? StandardError.write("no rejected records") : try table.print()
        if rows.count == limit { StandardError.write("there may be more than --limit \(limit); raise it to see them") }
    }

    private func print(_ groups: [RejectedGroup]) throws {
        if output.json {
            for group in groups { try StandardOutput.shared.line(JSONValue.object(group.members).text) }
            return
        }
        var table = TextTable(.left("pipeline"), .left("stage"), .right("rows"), .left("newest"), .left("reason"))
        for group in groups {
            table.add(group.pipeline, group.stage, String(group.rows), group.newest.text, group.reason)
        }
        groups.isEmpty ? StandardError.write("no rejected records") : try table.print()
    }
}

extension RejectedGroup {
    fileprivate var members: [(key: String, value: JSONValue)] {
        [
            ("pipeline", .string(pipeline)), ("stage", .string(stage)), ("rows", .integer(rows)),
            ("newest", .date(newest)), ("reason", .string(reason)),
        ]
    }
}

extension RejectedRow {
    /// The members of its JSON object.
    var members: [(key: String, value: JSONValue)] {
        [
            ("pipeline", .string(pipeline)), ("origin", .string(origin.description)),
            ("topic", .string(origin.topic)), ("partition", .integer(Int(origin.partition))),
            ("offset", .integer(Int(origin.offset))), ("stage", .string(stage.rawValue)),
            ("reason", .string(reason)), ("rejected_at", .date(rejectedAt)),
            ("payload_bytes", payloadBytes.map(JSONValue.integer) ?? .null),
        ]
    }
}
