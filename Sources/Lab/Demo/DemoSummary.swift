import Foundation
import Reports

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
            table(
                [.left("messages"), .right("count")],
                [
                    ["produced", Figure.grouped(audit.messages)],
                    ["labelled: one row for each of \(texts.tasks.count) tasks", Figure.grouped(audit.labelled)],
                    ["rejected: one row with stage and reason", Figure.grouped(audit.rejected)],
                    ["lost", Figure.grouped(audit.lost)],
                    ["doubled", Figure.grouped(audit.doubled)],
                    ["rows whose adapter the registry does not know", Figure.grouped(audit.unknownDigests)],
                    ["partitions whose offset was not committed to the end", Figure.grouped(behind.count)],
                ]))
        console.say()
        console.table(
            table(
                [.left("task"), .left("adapter"), .right("texts"), .right("labels that the catalogue confirms")],
                try await database.accuracies().map {
                    [$0.task, "version \($0.version)", Figure.grouped($0.rows), Figure.percent($0.accuracy)]
                }))
        console.say()
        console.table(
            table(
                [.left("rejected at"), .right("count"), .left("reason")],
                try await database.rejections().map {
                    [$0.stage, Figure.grouped($0.count), String($0.reason.prefix(90))]
                }))
        console.say()
        console.table(
            table(
                [.left("text"), .left("section"), .left("role")],
                try await database.samples(8).map { [String($0.text.prefix(64)), $0.section, $0.role] }))
        console.say()
        guard audit.holds else { throw DemoError("the count does not hold: see the first table") }
        guard behind.isEmpty else { throw DemoError("not every offset was committed") }
        console.say(
            "All \(Figure.grouped(audit.messages)) messages are accounted for: none lost, none doubled. It took \(Int(console.elapsed)) s."
        )
    }

    private func table(_ columns: [TextTable.Column], _ rows: [[String]]) -> TextTable {
        var table = TextTable(columns: columns)
        for row in rows { table.add(cells: row) }
        return table
    }
}
