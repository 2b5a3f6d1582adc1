import ArgumentParser
import JSON
import Operations
import Reports
import Retraining

/// `lorikeet retrainings show ID`.
struct RetrainingsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one retraining: verdict, reason, rows, and both adapters per label.",
        discussion: """
            EXAMPLES
              lorikeet retrainings show 17
              lorikeet retrainings show 17 --report verdict.html
              lorikeet retrainings show 17 --json | jq .report.findings
            """)

    @Argument(help: ArgumentHelp("The number of the retraining.", valueName: "id"))
    var id: Int64

    @Option(
        help: ArgumentHelp("Write the report to this file, as a page.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @OptionGroup var databaseOptions: DatabaseOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let record = try await RetrainingsOperation(databaseOptions.source).retraining(id, report: report)
        if output.json {
            let report = try record.report.map { try JSONParser.parse(Array($0.json.utf8)) } ?? .null
            return try StandardOutput.shared.line(JSONValue.object(record.members + [("report", report)]).text)
        }
        for (name, value) in Self.facts(record) {
            try StandardOutput.shared.line(name + String(repeating: " ", count: max(1, 12 - name.count)) + value)
        }
        if let table = Self.labels(record) { try table.print() }
    }

    private static func facts(_ record: RetrainingRecord) -> [(name: String, value: String)] {
        let version: String = record.challengerVersion.map(String.init) ?? "–"
        var facts: [(name: String, value: String)] = [
            ("task", record.task), ("verdict", record.verdict?.rawValue ?? "–"), ("reason", record.reason ?? "–"),
            ("trigger", record.trigger.rawValue), ("started", record.startedAt.text),
            ("ended", record.finishedAt?.text ?? "–"),
        ]
        facts.append(("champion", record.champion.map(Figure.digest) ?? "–"))
        facts.append(("challenger", record.challenger.map(Figure.digest) ?? "–"))
        facts.append(("version", version))
        facts.append(("looks", String(record.looks)))
        if let shadow = record.report?.shadow {
            facts.append(("shadow", shadow.line))
            if let comparison = shadow.comparison { facts.append(("compared", ShadowReason(comparison).figures)) }
        }
        guard let rows = record.report?.rows else {
            facts.append(("rows", "\(record.rowsUsed) used"))
            return facts
        }
        let used = "\(rows.read) read, \(rows.training) to train on, \(rows.heldOut) held out (\(rows.newest) newest)"
        facts.append(("rows", used + ", \(rows.seen) seen by the champion, \(rows.unusable) unusable"))
        if let range = record.report?.trainingRange { facts.append(("trained on", range.line)) }
        return facts
    }

    private static func labels(_ record: RetrainingRecord) -> TextTable? {
        guard let challenger = record.report?.challenger else { return nil }
        let champion = Dictionary(
            (record.report?.champion?.perLabel ?? []).map { ($0.label, $0.f1) }, uniquingKeysWith: { first, _ in first }
        )
        var table = TextTable(.left("label"), .right("F1 champion"), .right("F1 challenger"), .right("support"))
        for figures in challenger.perLabel {
            table.add(
                figures.label, Figure.share(champion[figures.label]), Figure.share(figures.f1), String(figures.support))
        }
        return table
    }
}

extension VerdictReport.Shadow {
    /// Its terms in one line.
    fileprivate var line: String {
        "won in retraining \(terms.retraining); at least \(Figure.decimal(terms.seconds / 3600, 1)) h and "
            + "\(terms.minimumTexts) texts"
            + (terms.timeLimit.map { ", at most \(Figure.decimal($0 / 3600, 1)) h" } ?? "")
            + "; at most \(Figure.share(terms.changedLabels)) of the labels may change"
    }
}
