import Foundation

/// The end of the demo: what happened, in figures that a stranger understands.
struct DemoSummary {
    let console: DemoConsole
    let database: DemoDatabase
    let servers: DemoServers
    let texts: DemoTexts

    /// Prints it; throws unless every message is accounted for.
    func report(produced: [Int32: Int64], story: DemoNotes) async throws {
        let audit = try await database.audit(produced: produced, tasks: texts.tasks.count)
        let committed = try servers.committed()
        let behind = produced.filter { committed[$0.key] != $0.value }

        console.say()
        console.table(
            ["messages", "count"],
            [
                ["produced", grouped(audit.messages)],
                ["labelled, one row for each of \(texts.tasks.count) tasks", grouped(audit.labelled)],
                ["rejected, one row with stage and reason", grouped(audit.rejected)],
                ["lost", grouped(audit.lost)],
                ["doubled", grouped(audit.doubled)],
                ["rows whose adapter the registry does not know", grouped(audit.unknownDigests)],
                ["partitions whose offset was not committed to the end", grouped(behind.count)],
            ], right: [1])

        console.say()
        console.table(
            ["task", "adapter", "texts", "accuracy in the table, against the catalogue"],
            try await database.accuracies().map { [$0.task, "version \($0.version)", grouped($0.rows), percent($0.accuracy)] },
            right: [2, 3])

        console.say()
        console.table(
            ["rejected at", "reason", "count"],
            try await database.rejections().map { [$0.stage, String($0.reason.prefix(80)), grouped($0.count)] }, right: [2])

        console.say()
        console.table(
            ["text", "section", "role"],
            try await database.samples(8).map { [String($0.text.prefix(64)), $0.section, $0.role] })

        console.say()
        guard audit.holds else { throw DemoError("the count does not hold: see the first table") }
        guard behind.isEmpty else { throw DemoError("not every offset was committed") }
        console.say(
            "All \(grouped(audit.messages)) messages are accounted for: none lost, none doubled. It took \(Int(console.elapsed)) s.")
    }
}
