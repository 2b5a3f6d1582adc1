import Reports

/// The end of the demo: the count, and what the labels look like.
struct DemoSummary {
    let console: DemoConsole
    let servers: DemoServers
    let texts: DemoTexts

    /// Prints the summary.
    ///
    /// - Parameter produced: messages per partition.
    /// - Throws: ``LabError`` unless every message is accounted for.
    func report(produced: [Int32: Int64]) async throws {
        let database = servers.database
        let audit = try await database.audit(produced: produced, tasks: texts.tasks.count)
        let committed = try servers.committed()
        let behind = produced.filter { committed[$0.key] != $0.value }

        console.table(
            [.left("messages"), .right("count")],
            [
                ["produced", Figure.grouped(audit.messages)],
                ["labelled: one row per task (\(texts.tasks.count) tasks)", Figure.grouped(audit.labelled)],
                ["rejected: one row with stage and reason", Figure.grouped(audit.rejected)],
                ["lost: no row", Figure.grouped(audit.lost)],
                ["doubled: more rows than that", Figure.grouped(audit.doubled)],
                ["rows of messages that were not produced", Figure.grouped(audit.strangers)],
                ["rows by an adapter that the adapter store does not have", Figure.grouped(audit.unknownDigests)],
                ["partitions whose committed offset is not at the end", Figure.grouped(behind.count)],
            ])
        console.table(
            [.left("task"), .left("adapter"), .right("texts"), .right("labels that agree with the catalogue")],
            try await database.accuracies().map {
                [$0.task, "version \($0.version)", Figure.grouped($0.rows), Figure.percent($0.accuracy)]
            })
        console.table(
            [.left("rejected at"), .right("count"), .left("reason")],
            try await database.rejections().map {
                [$0.stage, Figure.grouped($0.count), String($0.reason.prefix(90))]
            })
        console.table(
            [.left("the last texts"), .left("section"), .left("role")],
            try await database.samples(8).map { [String($0.text.prefix(64)), $0.section, $0.role] })
        console.say()
        guard audit.holds else { throw LabError("some messages are lost or doubled: see the first table") }
        guard behind.isEmpty else { throw LabError("some offsets were not committed: see the first table") }
        console.say(
            "All \(Figure.grouped(audit.messages)) messages are accounted for: none lost, none doubled. "
                + "The demo took \(Int(console.elapsed)) s.")
    }
}
