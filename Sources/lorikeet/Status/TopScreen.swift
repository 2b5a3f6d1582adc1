import DaemonClient
import FoundationEssentials

/// What `lorikeet top` shows: the newest status, scrolled, and what went wrong since.
struct TopScreen {
    private var status: DaemonStatus
    private var problem: String?
    private var firstRow = 0

    init(status: DaemonStatus) { self.status = status }

    /// Keeps the last status while the daemon does not answer.
    mutating func read(from feed: StatusFeed) {
        do throws(DaemonClientError) {
            status = try feed.next()
            problem = nil
        } catch { problem = "\(error)" }
    }

    /// - Parameter rows: up if negative.
    mutating func scroll(_ rows: Int, _ size: TerminalSize) {
        let all = StatusPage(status, now: now, width: size.columns).lines.count
        firstRow = max(0, min(firstRow + rows, all - visibleRows(size)))
    }

    /// At most as many lines as the terminal has rows.
    func lines(_ size: TerminalSize) -> [StatusPage.Line] {
        let all = StatusPage(status, now: now, width: size.columns).lines
        let visible = visibleRows(size)
        let first = max(0, min(firstRow, all.count - visible))
        let hidden = all.count - min(all.count, first + visible)
        var lines = Array(all.dropFirst(first).prefix(visible))
        lines += Array(repeating: StatusPage.Line(text: ""), count: max(0, visible - lines.count))
        let keys = "q quits" + (first > 0 || hidden > 0 ? ", arrows scroll" : "")
        let foot = problem.map { "not current: \($0)" } ?? (hidden > 0 ? "\(hidden) more lines; \(keys)" : keys)
        lines.append(
            StatusPage.Line(
                text: TerminalText.shortened(TerminalText.escaped(foot), to: size.columns),
                style: problem == nil ? .plain : .warning))
        return Array(lines.suffix(max(1, size.rows)))
    }

    /// The last row is the foot.
    private func visibleRows(_ size: TerminalSize) -> Int { max(1, size.rows - 1) }

    /// Ages are those of the moment of the reading: the two clocks may differ.
    private var now: Date { status.at ?? Date() }
}
