import ArgumentParser
import Connectors
import JSON
import Logging
import Operations
import Reports
import Serving

/// `lorikeet replay`: a part of a pipeline's topics once more.
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Label a part of a pipeline's topics again, outside of the consumer group.",
        discussion: """
            Reads the records of a time range, or of ranges of offsets, and sends them
            through the serving path with the live adapters. Their rows are overwritten in
            place. The group's committed offsets stay as they are, and daemons may run
            meanwhile. The command ends at the end that the topics had when it began.

            After Ctrl-C it settles what it has read, and prints the options with which to
            continue. Rows are the same rows however often a record is read.

            EXAMPLES
              lorikeet replay --pipeline pipelines/packages.yaml \\
                  --from 2026-01-01 --to 2026-02-01
              lorikeet replay --pipeline pipelines/packages.yaml --from 2h --rate 200
              lorikeet replay --pipeline pipelines/packages.yaml \\
                  --offsets packages:0:1200-1999 --offsets packages:1:0- --task role
            """)

    @Option(pipeline: "The pipeline file. It names topics, base, tasks and database.")
    var pipeline: String

    @Option(
        help: ArgumentHelp(
            "Begin with the first record produced then or later: 2026-01-31, 2026-01-31T12:00:00Z, or 2h for two "
                + "hours ago.", valueName: "time"))
    var from: PointInTime?

    @Option(
        help: ArgumentHelp(
            "End before the first record produced then or later, in the same forms. Default: the present end.",
            valueName: "time"))
    var to: PointInTime?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Read these offsets, both included: topic:partition:first-last, or first- to the end. Repeat it for "
                + "several partitions.", valueName: "range"))
    var offsets: [OffsetRange] = []

    @Option(help: ArgumentHelp("Write only the labels of this task; other rows stay.", valueName: "task"))
    var task: String?

    @OptionGroup var batch: BatchOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        guard from == nil || offsets.isEmpty else {
            throw ValidationError("--from and --offsets both say where to begin: give one of them")
        }
        guard from != nil || !offsets.isEmpty else {
            throw ValidationError("say what to read: --from TIME, with --to TIME if it must end, or --offsets RANGE")
        }
        guard to == nil || from != nil else { throw ValidationError("--to needs --from") }
        if let from, let to {
            guard from.date < to.date else { throw ValidationError("--to must be later than --from") }
        }
    }

    private var selection: ReplaySelection {
        guard let from else { return .offsets(offsets) }
        return .times(from: from.milliseconds, to: to?.milliseconds)
    }

    func run() async throws {
        var request = ReplayRequest(
            file: pipeline, selection: selection, task: task, rate: batch.rate, workers: batch.workerOptions.count)
        request.isBackground = true
        let report = try await batch.run("replay", unit: "offsets", json: output.json) { [request] progress in
            try await ReplayOperation.run(
                request, logger: Logger(label: "lorikeet.replay"), progress: { progress.show($0, of: $1) })
        }
        for note in report.notes { StandardError.write("note: \(note)") }
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            try StandardOutput.shared.line(
                "\(report.read) records: "
                    + BatchOptions.counts(labelled: report.labelled, rejected: report.rejected, dropped: report.dropped)
            )
        }
        BatchOptions.say(outbox: report.outbox, publisher: report.publisher)
        if !report.isComplete { throw CommandFailure(.failed, interruption(report)) }
    }

    /// Where to continue. The other options stay as they were.
    private func interruption(_ report: ReplayReport) -> String {
        let reason = report.obstacle.map { " (\($0))" } ?? ""
        let ranges = report.rest.map { "--offsets \($0)" }.joined(separator: " ")
        let task = task.map { " --task \($0)" } ?? ""
        return "interrupted\(reason); to continue:\nlorikeet replay --pipeline \(pipeline) \(ranges)\(task)"
    }
}

extension OffsetRange: ExpressibleByArgument {
    /// `topic:partition:first-last`.
    public init?(argument: String) { self.init(argument) }
}
