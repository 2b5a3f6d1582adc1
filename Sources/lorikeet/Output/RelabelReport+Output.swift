import Operations
import Reports
import Retraining

extension RelabelReport {
    /// Prints what the run did, or would do.
    ///
    /// - Parameter showsTexts: whether standard output is the terminal of the person who asked.
    func print(showsTexts: Bool) throws {
        try StandardOutput.shared.line(summary)
        for line in remarks { try StandardOutput.shared.line(line) }
        try printChanges()
        try printTexts(showsTexts: showsTexts)
    }

    private var summary: String {
        if rows == 0 { return "0 rows to relabel: all have the labels of the live adapters" }
        let verb = isDryRun ? "would be relabelled" : "relabelled"
        return "\(Quantity.text(rows, "row")): \(relabelled) \(verb), "
            + "\(changed) with another label"
    }

    private var remarks: [String] {
        var lines: [String] = []
        if overtaken > 0 { lines.append("\(overtaken) written or deleted meanwhile, left as they are") }
        if withoutText > 0 { lines.append("\(withoutText) without a stored text, left as they are") }
        for (reason, rows) in failed.sorted(by: { $0.key < $1.key }) {
            lines.append("\(rows) left as they are: \(reason)")
        }
        lines += adapterNotes
        if isDryRun, !promotions.isEmpty { lines.append("run it again for what the new adapters would change") }
        return lines
    }

    private func printChanges() throws {
        guard !changes.isEmpty else { return }
        try StandardOutput.shared.line("")
        var table = TextTable(.left("task"), .left("from"), .left("to"), .right("rows"))
        for change in changes.prefix(Self.shownChanges) {
            table.add(change.task, change.from, change.to, "\(change.rows)")
        }
        try table.print()
        let rest = changes.count - Self.shownChanges
        if rest > 0 { try StandardOutput.shared.line("… and \(Quantity.text(rest, "other pair")); --json has all") }
    }

    private static let shownChanges = 40

    private func printTexts(showsTexts: Bool) throws {
        guard !mostChanged.isEmpty else { return }
        try StandardOutput.shared.line("")
        var table = TextTable(
            .left("origin"), .left("task"), .left("from"), .left("to"), .right("score"),
            .left(showsTexts ? "text" : ""))
        for text in mostChanged {
            table.add(
                text.origin, text.task, text.from, text.to, Figure.share(text.score), showsTexts ? text.text : "")
        }
        try table.print()
    }
}
