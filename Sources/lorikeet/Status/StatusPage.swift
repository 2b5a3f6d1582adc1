import DaemonClient
import FoundationEssentials
import Reports

/// What a daemon is doing, in lines for a terminal. What is not known is a dash.
struct StatusPage {
    /// How a line is shown where colours are.
    enum Style: Equatable { case plain, heading, warning }

    /// One line, without its end.
    struct Line: Equatable {
        var text: String
        var style = Style.plain
    }

    private let status: DaemonStatus
    private let now: Date
    private let width: Int

    /// - Parameters:
    ///   - now: for ages.
    ///   - width: columns of the terminal; longer lines are cut.
    init(_ status: DaemonStatus, now: Date, width: Int) { (self.status, self.now, self.width) = (status, now, width) }

    /// The page.
    var lines: [Line] {
        let pipelines = status.pipelines ?? []
        guard !pipelines.isEmpty else { return fitted([header, Line(text: ""), Line(text: "no pipelines")]) }
        let sections = [pipelineSection(pipelines), taskSection(pipelines)].filter { !$0.isEmpty }
        return fitted([header] + sections.flatMap { [Line(text: "")] + $0 })
    }

    private func fitted(_ lines: [Line]) -> [Line] {
        lines.map { Line(text: TerminalText.shortened($0.text, to: width), style: $0.style) }
    }

    private var header: Line {
        let parts = [
            status.version.map { "lorikeet \($0)" } ?? "lorikeet",
            status.startedAt.map { "up \(Figure.duration(now.timeIntervalSince($0)))" },
            status.workers.map { $0 == 1 ? "1 worker" : "\($0) workers" },
            status.dtype, status.processId.map { "process \($0)" }, status.base.map { "base \(Figure.digest($0))" },
        ]
        return Line(text: parts.compactMap(\.self).joined(separator: "  "), style: .heading)
    }

    /// A table whose rows have lines below them.
    private func section(_ table: TextTable, details: [[Line]]) -> [Line] {
        let lines = table.lines
        let rows = zip(lines.dropFirst(), details).flatMap { [Line(text: $0)] + $1 }
        return lines.prefix(1).map { Line(text: $0, style: .heading) } + rows
    }

    // MARK: - Pipelines

    /// What the other columns of a table take at most.
    private static let (pipelineFigures, taskFigures) = (68, 60)

    private func pipelineSection(_ pipelines: [DaemonStatus.Pipeline]) -> [Line] {
        var table = TextTable(
            .left("PIPELINE"), .left("STATE"), .right("RECORDS/S"), .right("LAG"), .right("IN FLIGHT"), .right("FILL"),
            .right("P50"), .right("P99"))
        for pipeline in pipelines {
            table.add(
                TerminalText.shortened(pipeline.name, to: max(8, width - Self.pipelineFigures)),
                pipeline.state ?? "-", pipeline.recordsPerSecond.map(Figure.perSecond) ?? "-",
                Self.count(pipeline.lag), Self.count(pipeline.inFlight),
                pipeline.batchFill.map { Figure.decimal(100 * $0, 0) + " %" } ?? "-",
                Self.duration(pipeline.latencySinceProduced?.p50), Self.duration(pipeline.latencySinceProduced?.p99))
        }
        return section(table, details: pipelines.map(details))
    }

    private func details(of pipeline: DaemonStatus.Pipeline) -> [Line] {
        var lines: [Line] = []
        if let reason = pipeline.waitingFor { lines.append(warning("waiting for \(reason)")) }
        if let joining = pipeline.joining { lines.append(warning("joining \(joining)")) }
        if pipeline.paused == true { lines.append(warning("paused by back-pressure")) }
        let totals = [
            ("received", pipeline.received), ("labelled", pipeline.labelled), ("rejected", pipeline.rejected),
            ("dropped", pipeline.dropped), ("retries", pipeline.retries),
        ]
        lines.append(Line(text: "  " + totals.map { "\($0) \(Self.count($1))" }.joined(separator: ", ")))
        if let latency = pipeline.latencySinceReceived {
            let (median, most) = (Self.duration(latency.p50), Self.duration(latency.p99))
            lines.append(Line(text: "  from received to stored: p50 \(median), p99 \(most)"))
        }
        if let outbox = pipeline.outbox { lines.append(line(of: outbox)) }
        return lines
    }

    private func line(of outbox: DaemonStatus.Outbox) -> Line {
        let age = (outbox.records ?? 0) > 0 ? outbox.oldestAge.map { ", oldest \(Figure.duration($0))" } ?? "" : ""
        let text = "outbox: \(Self.count(outbox.records)) records\(age)"
        guard let reason = outbox.waitingFor else { return Line(text: "  " + text) }
        return warning("\(text); not publishing: \(reason)")
    }

    // MARK: - Tasks

    private func taskSection(_ pipelines: [DaemonStatus.Pipeline]) -> [Line] {
        let tasks = pipelines.flatMap { pipeline in
            (pipeline.tasks ?? []).map { task in
                (name: pipelines.count > 1 ? name(of: task, in: pipeline) : task.name, task: task)
            }
        }
        guard !tasks.isEmpty else { return [] }
        var table = TextTable(
            .left("TASK"), .left("ADAPTER"), .right("SCORE"), .right("ABSTAINED"), .left("DRIFT"), .right("NEW ROWS"))
        for (name, task) in tasks {
            table.add(
                TerminalText.shortened(name, to: taskColumns), Self.name(of: task.adapter),
                task.confidence.map { Figure.decimal($0, 3) } ?? "-", task.abstained.map(Figure.shortPercent) ?? "-",
                task.drift?.alarm.map { $0 ? "ALARM" : "none" } ?? "-", Self.rows(of: task.retraining))
        }
        return section(table, details: tasks.map { details(of: $0.task) })
    }

    private var taskColumns: Int { max(8, width - Self.taskFigures) }

    /// `pipeline/task`. Of two long names, that of the pipeline is cut: the other table has it.
    private func name(of task: DaemonStatus.PipelineTask, in pipeline: DaemonStatus.Pipeline) -> String {
        let room = max(4, taskColumns - 1 - TerminalText.width(of: task.name))
        return "\(TerminalText.shortened(pipeline.name, to: room))/\(task.name)"
    }

    private static func name(of adapter: DaemonStatus.LiveVersion?) -> String {
        guard let adapter else { return "-" }
        let parts = [adapter.version.map { "v\($0)" }, adapter.digest.map(Figure.digest)].compactMap(\.self)
        return parts.isEmpty ? "-" : parts.joined(separator: " ")
    }

    private static func rows(of retraining: DaemonStatus.Retraining?) -> String {
        guard let rows = retraining?.newRows else { return "-" }
        return retraining?.minimumNewRows.map { "\(count(rows)) of \(count($0))" } ?? count(rows)
    }

    private func details(of task: DaemonStatus.PipelineTask) -> [Line] {
        var lines: [Line] = []
        if let labels = task.labels, !labels.isEmpty { lines.append(Line(text: "  " + shares(labels))) }
        if let version = task.adapter?.shadowVersion { lines.append(Line(text: "  version \(version) in shadow")) }
        if let drift = task.drift, let line = line(of: drift) { lines.append(line) }
        if let retraining = task.retraining { lines += self.lines(of: retraining) }
        return lines
    }

    /// As many labels as fit.
    private func shares(_ labels: [DaemonStatus.LabelShare]) -> String {
        let texts = labels.map { "\(TerminalText.escaped($0.label)) \(Figure.shortPercent($0.share))" }
        for shown in stride(from: texts.count, to: 1, by: -1) {
            let rest = texts.count - shown
            let line = texts.prefix(shown).joined(separator: ", ") + (rest > 0 ? ", \(rest) more" : "")
            if TerminalText.width(of: line) <= width - 2 { return line }
        }
        return texts.first.map { texts.count > 1 ? "\($0), \(texts.count - 1) more" : $0 } ?? ""
    }

    private func line(of drift: DaemonStatus.Drift) -> Line? {
        let accuracy = drift.accuracyText
        guard let alarm = drift.alarmText else { return accuracy.map { Line(text: "  " + $0) } }
        return warning([alarm, accuracy].compactMap(\.self).joined(separator: "; "))
    }

    private func lines(of retraining: DaemonStatus.Retraining) -> [Line] {
        var lines: [Line] = []
        if let since = retraining.runningSince {
            lines.append(Line(text: "  retraining for \(Figure.duration(now.timeIntervalSince(since)))"))
        }
        if retraining.paused == true { lines.append(Line(text: "  retraining paused by the pipeline file")) }
        guard let last = retraining.last else { return lines }
        let age = last.startedAt.map { " \(Figure.duration(now.timeIntervalSince($0))) ago" } ?? ""
        let trigger = last.trigger.map { " (\($0))" } ?? ""
        let verdict = last.verdict ?? "no verdict"
        let reason = last.reason.map { ": \(TerminalText.escaped($0))" } ?? ""
        let text = "last retraining\(age)\(trigger): \(verdict)\(reason)"
        lines.append(last.verdict == "failed" ? warning(text) : Line(text: "  " + text))
        return lines
    }

    // MARK: - Figures

    private func warning(_ text: String) -> Line { Line(text: "  " + TerminalText.escaped(text), style: .warning) }

    private static func count(_ number: Int?) -> String { number.map(Figure.grouped) ?? "-" }

    private static func duration(_ seconds: Double?) -> String { seconds.map(Figure.duration) ?? "-" }
}

extension DaemonStatus.Drift {
    /// The signals that alarm; nil: none does.
    var alarmText: String? {
        guard alarm == true else { return nil }
        let signals = signals ?? []
        // Metrics do not say which signals alarm.
        let alarming = alarming.map { names in signals.filter { names.contains($0.signal) } } ?? signals
        return "drift: " + alarming.map { "\($0.signal) \(Figure.decimal($0.index, 2))" }.joined(separator: ", ")
    }

    /// The estimated accuracy, if it is known.
    var accuracyText: String? { estimatedAccuracy.map { "estimated accuracy \(Figure.shortPercent($0))" } }
}
