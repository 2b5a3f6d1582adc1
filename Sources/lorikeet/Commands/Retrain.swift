import ArgumentParser
import BERT
import Daemon
import JSON
import Logging
import Operations
import Reports
import Retraining

/// `lorikeet retrain TASK`: one retraining, now.
struct Retrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a challenger on the labelled rows of a task; promote it if it is better.",
        discussion: """
            Reads lorikeet.annotations, trains a challenger from the live adapter, compares
            both on the held-out rows, and promotes, holds or rejects the challenger.
            Running daemons swap in a promoted adapter within two seconds. A challenger
            that is held or rejected is a result, not a failure: exit status 0. Ctrl-C or
            SIGTERM ends it after the training step, with the verdict `failed`.

            EXAMPLES
              lorikeet retrain section --pipeline pipelines/packages.yaml
              lorikeet retrain role --pipeline pipelines/packages.yaml --json | jq .verdict
            """)

    @Argument(help: ArgumentHelp("The task to retrain.", valueName: "task"))
    var task: String

    @Option(pipeline: "The pipeline file with the database, the base and the settings.")
    var pipeline: String

    @Flag(
        help: ArgumentHelp(
            "Run at low priority, and only while standard input is open: how the daemon starts it.", visibility: .hidden
        ))
    var background = false

    @Option(
        help: ArgumentHelp("Types in which the base of the daemon that starts it computes.", visibility: .hidden))
    var dtype: BasePrecision?

    @Flag(help: ArgumentHelp("The daemon that starts it may compute in finer types.", visibility: .hidden))
    var fallsBack = false

    @Option(help: ArgumentHelp("What started this run, for the table retrainings.", visibility: .hidden))
    var trigger = "command"

    @Option(
        help: "Format of log events. auto: fields of journald under systemd, else logfmt, in colours on a terminal.")
    var logFormat = LogFormat.auto

    @OptionGroup var output: JSONOption

    func run() async throws {
        DaemonLogging.bootstrap(format: logFormat, level: background ? .info : .warning)
        let retrain = { @Sendable [self] in try await retrained() }
        // The daemon ends what it started by closing standard input.
        let report = background ? try await retrain() : try await Interruption.cancelling(retrain)
        if output.json {
            try StandardOutput.shared.line(JSONValue.encoded(report))
        } else {
            try print(report)
        }
    }

    private func retrained() async throws -> RetrainReport {
        // The daemon that starts it logs one event per line; everything it needs comes through the logger.
        let showsProgress = !background
        return try await RetrainOperation.run(
            task: task, file: pipeline, background: background, precision: dtype,
            fallsBack: background ? fallsBack : nil, trigger: trigger,
            logger: Logger(label: "lorikeet.retrain"),
            progress: { if showsProgress { StandardError.write($0) } })
    }

    private func print(_ report: RetrainReport) throws {
        try StandardOutput.shared.line("\(report.task): \(report.verdict): \(report.reason)")
        var table = TextTable(.left("adapter"), .left("digest"), .right("macro-F1 on held-out rows"))
        if let champion = report.champion {
            table.add("champion", Figure.digest(champion), Figure.share(report.championMacroF1))
        }
        if let challenger = report.challenger {
            table.add("challenger", Figure.digest(challenger), Figure.share(report.challengerMacroF1))
        }
        if !table.rows.isEmpty { try table.print() }
        try StandardOutput.shared.line("\(Quantity.text(report.rowsUsed, "labelled row")) used")
    }
}
