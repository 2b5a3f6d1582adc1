import JSON
import Operations
import Reports
import Retraining
import Synchronization

/// The output of `lorikeet relabel`: its progress, and what it did at its end.
final class RelabelDisplay: Sendable {
    private let style: ProgressOption.Style
    private let bar: ProgressBar
    private let shownAt = Mutex(ContinuousClock.now)

    init(style: ProgressOption.Style) {
        self.style = style
        bar = ProgressBar("relabelling", unit: "rows", isShown: style == .bar)
    }

    /// Removes the bar from the screen.
    func clear() { bar.clear() }

    func show(_ done: Int, of total: Int) {
        switch style {
        case .bar: bar.update(done, of: total)
        case .lines: if isTime(.seconds(10)) { StandardError.write("\(done) of \(total) rows") }
        case .json:
            if isTime(.seconds(1)) || done == total {
                StandardError.write(JSONValue.object([("rows", .integer(done)), ("of", .integer(total))]).text)
            }
        case .auto, .none: break
        }
    }

    /// Whether this much time has passed since something was shown.
    private func isTime(_ interval: Duration) -> Bool {
        shownAt.withLock { shownAt in
            guard ContinuousClock.now - shownAt >= interval else { return false }
            shownAt = .now
            return true
        }
    }

    // MARK: - The end

    /// - Parameter showsTexts: whether standard output is the terminal of the person who asked.
    func print(_ report: RelabelReport, showsTexts: Bool) throws {
        try StandardOutput.shared.line(Self.summary(report))
        for line in Self.remarks(report) { try StandardOutput.shared.line(line) }
        try printChanges(report)
        try printTexts(report, showsTexts: showsTexts)
    }

    private static func summary(_ report: RelabelReport) -> String {
        if report.rows == 0 { return "0 rows to relabel: all have the labels of the live adapters" }
        let verb = report.isDryRun ? "would be relabelled" : "relabelled"
        return "\(Quantity.text(report.rows, "row")): \(report.relabelled) \(verb), "
            + "\(report.changed) with another label"
    }

    private static func remarks(_ report: RelabelReport) -> [String] {
        var lines: [String] = []
        if report.overtaken > 0 { lines.append("\(report.overtaken) written or deleted meanwhile, left as they are") }
        if report.withoutText > 0 { lines.append("\(report.withoutText) without a stored text, left as they are") }
        for (reason, rows) in report.failed.sorted(by: { $0.key < $1.key }) {
            lines.append("\(rows) left as they are: \(reason)")
        }
        for promotion in report.promotions {
            let (from, to) = (Figure.digest(promotion.from), Figure.digest(promotion.to))
            lines.append(
                "\(promotion.task): adapter \(to) replaced \(from) meanwhile"
                    + (report.isDryRun ? "; run it again for what it would change" : ""))
        }
        for (task, reason) in report.refused.sorted(by: { $0.key < $1.key }) {
            lines.append("\(task): the adapter that is live now cannot be used: \(reason)")
        }
        return lines
    }

    private func printChanges(_ report: RelabelReport) throws {
        guard !report.changes.isEmpty else { return }
        try StandardOutput.shared.line("")
        var table = TextTable(.left("task"), .left("from"), .left("to"), .right("rows"))
        for change in report.changes.prefix(Self.shownChanges) {
            table.add(change.task, change.from, change.to, "\(change.rows)")
        }
        try table.print()
        let rest = report.changes.count - Self.shownChanges
        if rest > 0 { try StandardOutput.shared.line("… and \(Quantity.text(rest, "other pair")); --json has all") }
    }

    private static let shownChanges = 40

    private func printTexts(_ report: RelabelReport, showsTexts: Bool) throws {
        guard !report.mostChanged.isEmpty else { return }
        try StandardOutput.shared.line("")
        var table = TextTable(
            .left("origin"), .left("task"), .left("from"), .left("to"), .right("score"),
            .left(showsTexts ? "text" : ""))
        for text in report.mostChanged {
            table.add(
                text.origin, text.task, text.from, text.to, Figure.share(text.score), showsTexts ? text.text : "")
        }
        try table.print()
    }
}
