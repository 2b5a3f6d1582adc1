import ArgumentParser
import Connectors
import JSON
import Reports

/// `lorikeet rejected list`.
struct RejectedList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Rejected messages, or with --summary how many failed in which way.",
        discussion: """
            EXAMPLES
              lorikeet rejected list --summary
              lorikeet rejected list --stage classify --since 1d
              lorikeet rejected list --json | jq -r .origin
            """)

    @OptionGroup var options: RejectedOptions

    @Flag(help: "Count by pipeline, stage and reason instead.")
    var summary = false

    @Option(help: ArgumentHelp("At most so many rows.", valueName: "n"))
    var limit = 1000

    @OptionGroup var output: JSONOption

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let filter = try options.filter(origins: [])
        if summary {
            try print(try await options.withRows { try await $0.summary(filter) })
        } else {
            try print(try await options.withRows { try await $0.rows(filter, limit: limit) })
        }
    }

    private func print(_ rows: [RejectedRow]) throws {
        if output.json {
            for row in rows { try StandardOutput.shared.line(JSONValue.object(RejectedReport.members(row)).text) }
            return
        }
        var table = TextTable(
            .left("pipeline"), .left("origin"), .left("rejected"), .left("stage"), .right("bytes"), .left("reason"))
        for row in rows {
            table.add(
                row.pipeline, row.origin.description, VersionReport.date(row.rejectedAt), row.stage.rawValue,
                row.payloadBytes.map(String.init) ?? "null", row.reason)
        }
        rows.isEmpty ? StandardError.write("no rejected messages") : try table.print()
        if rows.count == limit { StandardError.write("there may be more: --limit \(limit)") }
    }

    private func print(_ groups: [RejectedGroup]) throws {
        var table = TextTable(.left("pipeline"), .left("stage"), .right("rows"), .left("newest"), .left("reason"))
        for group in groups {
            if output.json {
                try StandardOutput.shared.line(
                    JSONValue.object([
                        ("pipeline", .string(group.pipeline)), ("stage", .string(group.stage)),
                        ("rows", .integer(group.rows)),
                        ("newest", .date(group.newest)), ("reason", .string(group.reason)),
                    ]).text)
            } else {
                table.add(
                    group.pipeline, group.stage, String(group.rows), VersionReport.date(group.newest), group.reason)
            }
        }
        if output.json { return }
        groups.isEmpty ? StandardError.write("no rejected messages") : try table.print()
    }
}

/// Rejected rows for programs.
enum RejectedReport {
    static func members(_ row: RejectedRow) -> [(key: String, value: JSONValue)] {
        [
            ("pipeline", .string(row.pipeline)), ("origin", .string(row.origin.description)),
            ("topic", .string(row.origin.topic)),
            ("partition", .integer(Int(row.origin.partition))), ("offset", .integer(Int(row.origin.offset))),
            ("stage", .string(row.stage.rawValue)), ("reason", .string(row.reason)),
            ("rejected_at", .date(row.rejectedAt)),
            ("payload_bytes", row.payloadBytes.map(JSONValue.integer) ?? .null),
        ]
    }
}
