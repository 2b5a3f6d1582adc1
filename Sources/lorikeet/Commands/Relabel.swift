import ArgumentParser
import JSON
import Logging
import Operations
import Reports

/// `lorikeet relabel`: stored texts through the live adapters.
struct Relabel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Label stored texts again with the live adapters.",
        discussion: """
            Replaces the labels of texts that other adapters labelled than those that are
            live now, or the same adapters in another dtype. Rows keep their keys. Rows
            that have the labels of the live adapters are skipped, so after an
            interruption run it again. Daemons may run meanwhile:
            it runs at low priority, and leaves rows alone that they write. If an adapter
            is promoted meanwhile, the rest is labelled with it, and then the rows before.

            --dry-run writes nothing. It counts former label against label, and shows the
            texts with another label and the highest score, on a terminal only.

            EXAMPLES
              lorikeet relabel --pipeline pipelines/packages.yaml --dry-run
              lorikeet relabel --pipeline pipelines/packages.yaml --since 90d --history
              lorikeet relabel --pipeline pipelines/packages.yaml --task section \\
                  --where-adapter 3f1b09c4a2de --rate 200
            """)

    @Option(pipeline: "The pipeline file. It names database, base and tasks.")
    var pipeline: String

    @Option(help: ArgumentHelp("Only this task. Give it once per task. Default: all tasks.", valueName: "name"))
    var task: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only texts produced since then: 2026-01-31, 2026-01-31T12:00:00Z, or 90d for ninety days ago.",
            valueName: "time"))
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only texts produced before then, in the same forms.", valueName: "time"))
    var until: PointInTime?

    @Option(
        help: ArgumentHelp(
            "Only labels of the adapter with this digest; its first digits are enough.", valueName: "digest"))
    var whereAdapter: String?

    @Flag(help: "Write nothing; say what would change.")
    var dryRun = false

    @Option(help: ArgumentHelp("How many changed texts --dry-run shows.", valueName: "n"))
    var texts = 10

    @Flag(help: "Keep the former labels in the table labels_history.")
    var history = false

    @Flag(
        help: ArgumentHelp(
            "Publish the relabelled records again, to the topic of sink.kafka. A daemon of the pipeline does it, or "
                + "this command while none runs."))
    var publish = false

    @OptionGroup var batch: BatchOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard texts >= 0 else { throw ValidationError("--texts must be at least 0") }
        if let since, let until, since.date >= until.date {
            throw ValidationError("--since must be before --until: no text is produced between them")
        }
        guard !dryRun || !(history || publish) else {
            throw ValidationError("--dry-run writes nothing: leave out --history and --publish")
        }
        guard let digest = whereAdapter else { return }
        guard 8...64 ~= digest.count, digest.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) else {
            throw ValidationError("--where-adapter must be the first 8 to 64 digits of a digest, in lower case")
        }
    }

    func run() async throws {
        let (file, request) = (pipeline, request)
        let report = try await batch.run("relabelling", unit: "rows", json: output.json) { progress in
            try await RelabelOperation.run(
                file: file, request, logger: Logger(label: "lorikeet.relabel"),
                progress: { progress.show($0, of: $1) })
        }
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            try report.print(showsTexts: StandardOutput.isTerminal)
        }
        BatchOptions.say(outbox: report.outbox, publisher: report.publisher)
        guard report.isComplete else {
            throw CommandFailure(.failed, "interrupted: what is relabelled stays; run it again for the rest")
        }
    }

    private var request: RelabelOperation.Request {
        var request = RelabelOperation.Request()
        request.tasks = task
        (request.since, request.until) = (since?.date, until?.date)
        request.adapterDigest = whereAdapter
        request.textsPerSecond = batch.rate
        (request.isDryRun, request.shownTexts) = (dryRun, texts)
        (request.keepsHistory, request.publishes) = (history, publish)
        request.workers = batch.workerOptions.count
        request.isBackground = true
        return request
    }
}
