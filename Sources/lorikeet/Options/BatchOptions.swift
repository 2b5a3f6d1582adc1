import ArgumentParser
import Daemon
import Operations
import Reports

/// What commands share that send much through the serving path at once.
struct BatchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Maximum number of records per second. Default: as fast as it can.", valueName: "n"))
    var rate: Double?

    @OptionGroup var workerOptions: WorkerOptions
    @OptionGroup var progressOption: ProgressOption

    @Option(help: "Format of log lines.")
    var logFormat = LogFormat.logfmt

    func validate() throws {
        guard rate.map({ $0.isFinite && $0 > 0 }) ?? true else {
            throw ValidationError("--rate must be greater than 0")
        }
    }

    /// Runs work that a signal ends in order. Its result says how far it has come. Warnings and errors go to standard
    /// error, such as that the database is unavailable.
    ///
    /// - Parameters:
    ///   - title: the activity.
    ///   - unit: what its progress counts, such as `rows`.
    ///   - json: whether standard output gets JSON.
    func run<Report: Sendable>(
        _ title: String, unit: String, json: Bool,
        _ body: @escaping @Sendable (BatchProgress) async throws -> Report
    ) async throws -> Report {
        DaemonLogging.bootstrap(format: logFormat, level: .warning)
        let progress = BatchProgress(title, unit: unit, style: progressOption.style(json: json))
        defer { progress.clear() }
        do {
            return try await Interruption.cancelling { try await body(progress) }
        } catch is CancellationError {
            throw CommandFailure(.failed, "interrupted; run the same command again")
        }
    }

    /// `990 labelled, 8 rejected, 2 dropped`, without what there is none of.
    static func counts(labelled: Int, rejected: Int, dropped: Int) -> String {
        let others = [(rejected, "rejected"), (dropped, "dropped")].filter { $0.0 > 0 }.map { "\($0) \($1)" }
        return (["\(labelled) labelled"] + others).joined(separator: ", ")
    }

    /// Says what is still to be published, and who does it.
    static func say(outbox rows: Int?, publisher: String?) {
        guard let rows, rows > 0 else { return }
        let records = rows == 1 ? "1 record waits" : "\(rows) records wait"
        let state =
            publisher.map { "\($0) publishes what waits there" }
            ?? "nobody publishes them now: start a daemon of the pipeline"
        StandardError.write("note: \(records) in the outbox; \(state)")
    }
}
