import ArgumentParser
import Operations
import Reports
import Training

/// `lorikeet annotations queue`.
struct AnnotationsQueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "List the texts of the stream whose labels would help most.",
        discussion: """
            Looks among the newest labels of the task for texts without an annotation, each
            once. Texts that the daemon abstained on, and texts of labels whose share
            changes, come first; then those with the lowest margin, spread over different
            kinds of texts. The texts must be stored (sink.store_text).

            jsonl and csv have an empty label to fill in. label-studio has the adapter's
            answers as predictions; name the control label and the text text. import reads
            all of them back.

            EXAMPLES
              lorikeet annotations queue section --pipeline pipelines/packages.yaml
              lorikeet annotations queue section --pipeline pipelines/packages.yaml \\
                  --count 500 --format label-studio > tasks.json
              lorikeet annotations queue section --pipeline pipelines/packages.yaml \\
                  --since 7d --format csv > texts.csv
            """)

    @OptionGroup var scopeOptions: AnnotationScopeOptions

    @Option(help: ArgumentHelp("Maximum number of texts.", valueName: "n"))
    var count = 100

    @Option(help: "Format: text (a table), jsonl, csv, label-studio or doccano.")
    var format = QueueFormat.text

    @Option(help: ArgumentHelp("Look among this many of the newest labels.", valueName: "n"))
    var window = 50_000

    @Option(
        help: ArgumentHelp(
            "Only texts labelled since then: 2026-01-31, 2026-01-31T12:00:00Z, or 7d (ago).", valueName: "time"))
    var since: PointInTime?

    @Option(
        help: ArgumentHelp(
            "How texts are chosen: queue, margin (they may be alike), badge or random.", valueName: "name"))
    var strategy = SelectionStrategy.queue

    @Option(help: ArgumentHelp("Seed of the choice.", valueName: "n"))
    var seed: UInt64 = 0

    @OptionGroup var workerOptions: WorkerOptions

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be from 1 to 100000") }
        guard window >= 1 else { throw ValidationError("--window must be at least 1") }
    }

    func run() async throws {
        let bar = ProgressBar("features", unit: "texts")
        defer { bar.clear() }
        let result = try await AnnotationQueueOperation.run(
            AnnotationQueueOperation.Request(
                count: count, window: window, since: since?.date, strategy: strategy, seed: seed,
                workers: workerOptions.count),
            scope: try scopeOptions.scope(), progress: { bar.update($0, of: $1) })
        bar.clear()
        note(result)
        if format == .text { return try print(result.texts) }
        for line in format.lines(result.texts, task: scopeOptions.task, isMultiLabel: result.isMultiLabel) {
            try StandardOutput.shared.line(line)
        }
    }

    private func note(_ result: AnnotationQueueOperation.Result) {
        if result.texts.isEmpty {
            let why = result.windowRows == 0 ? "no text was labelled" : "every text in the window has an annotation"
            StandardError.write("the queue is empty: \(why)")
        }
        if !result.driftingLabels.isEmpty {
            StandardError.write(
                "labels whose share changes: \(result.driftingLabels.prefix(20).joined(separator: ", "))")
        }
    }

    private func print(_ texts: [QueuedText]) throws {
        if texts.isEmpty { return }
        var table = TextTable(.left("origin"), .left("reason"), .right("margin"), .left("suggestion"), .left("text"))
        for queued in texts {
            let suggestion =
                queued.text.labels.isEmpty ? queued.text.best?.label ?? "" : queued.text.labels.joined(separator: ", ")
            table.add(
                queued.text.origin.description, queued.reason.rawValue, Figure.decimal(queued.text.margin, 3),
                suggestion, queued.text.text.onOneLine)
        }
        try table.print()
    }
}

extension String {
    /// The text with line ends and tabs as blanks, for tables. It writes nothing else to a terminal than its letters.
    var onOneLine: String { TerminalText.escaped(split { $0.isNewline || $0 == "\t" }.joined(separator: " ")) }
}

extension QueueFormat: ExpressibleByArgument {}
