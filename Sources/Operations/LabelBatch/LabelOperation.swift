import Glibc
import Kernels
import Logging
import Pipelines
import Serving
import Training

/// `lorikeet label`: labels rows without Kafka, through the serving path and into the tables of a pipeline.
///
/// The origin of a row is `label:NAME`, partition 0 and the row's number; with the row's time it is the row's key. So
/// the same batch overwrites its rows. The command can be interrupted or killed at any time and called again.
public enum LabelOperation {
    /// Labels all rows. If the task is cancelled, it settles what it has read.
    ///
    /// - Parameter progress: rows that are settled.
    /// - Throws: status 64 if the rows have no name or time; 78 where only a person can help; 1 if the rows cannot be
    ///   read, or the database does not answer when it begins.
    public static func run(
        _ request: LabelRequest, environment: PipelineEnvironment = .process, logger: Logger,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(CommandFailure) -> LabelReport {
        BLAS.configure()
        let interruption = InputInterruption()
        return try await CommandFailure.wrapping {
            try await withTaskCancellationHandler {
                try await report(
                    request, environment: environment, logger: logger, interruption, progress: progress)
            } onCancel: {
                interruption.ask()
            }
        }
    }

    private static func report(
        _ request: LabelRequest, environment: PipelineEnvironment, logger: Logger, _ interruption: InputInterruption,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws -> LabelReport {
        let configuration = try DaemonConfiguration.read(files: [request.file], environment: environment)
        try configuration.requireUsableSources()
        guard let pipeline = configuration.pipelines.first?.overRows else { throw ConfigurationError([]) }
        let name = try request.batchName()
        let source = source(request, of: pipeline, name, interruption)
        return try await source.closing { source in
            try await source.prepare()
            let serving = try await BoundedServing.prepared(
                pipeline, of: configuration, environment: environment, workers: request.workers,
                isBackground: request.isBackground, logger: logger)
            let status = try await serving.closing { try await run($0, source, progress) }
            var report = await LabelReport(topic: name.topic, source, status: status)
            report.notes = await serving.adapters.notes
            report.note(await WaitingRecords.count(of: pipeline))
            return report
        }
    }

    private static func source(
        _ request: LabelRequest, of pipeline: PipelineConfiguration, _ name: BatchName,
        _ interruption: InputInterruption
    ) -> RowTextSource {
        var time = request.time
        if case .file(let path, _) = request.rows { time = time ?? FileRows.modified(path) }
        let messages = RowMessages(
            topic: name.topic, pointers: pipeline.source.text, columns: request.columns, batchTime: time)
        let database = pipeline.sink.postgres
        return RowTextSource(
            topic: name.topic, messages: messages, rate: request.rate, interruption: interruption
        ) {
            switch request.rows {
            case .file(let path, let format): try FileRows(path: path, format: format)
            case .query(let sql, let other):
                try QueryRows(
                    sql: sql, database: other.map { Secret($0) } ?? database, columns: request.columns,
                    interruption: interruption)
            }
        }
    }

    private static func run(
        _ serving: BoundedServing, _ source: RowTextSource, _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> PipelineStatus {
        do {
            return try await serving.run(source) { status in
                progress(status.labelled + status.rejected + status.dropped)
            }
        } catch let error as ServingError {
            guard let failure = source.failure else { throw CommandFailure(.configuration, "\(error)") }
            let count = await source.count
            throw CommandFailure(
                failure.status,
                "\(failure.message)\n\(count) rows were read before it; the batch may be run again, and overwrites them"
            )
        }
    }
}

extension LabelOperation {
    /// Rows of a file or of standard input.
    private final class FileRows: RowInput {
        private let stream: RowStream

        /// - Throws: `DatasetError` if it cannot be read.
        init(path: String, format: RowFormat?) throws { stream = try RowStream(path: path, format: format) }

        var name: String { stream.name }
        var columns: [String]? { stream.columns }

        func next() throws -> InputRow? { try stream.next().map { InputRow(row: $0) } }

        /// When a file was last written, in milliseconds since 1970; nil for standard input, a pipe or a device: nobody
        /// knows that time when the batch is repeated.
        static func modified(_ path: String) -> Int64? {
            var status = stat()
            guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        }
    }
}

/// What a batch did.
public struct LabelReport: Sendable, Codable, Equatable, PublishingReport {
    /// What stands for the topic in the origin of its rows.
    public var topic: String
    /// Rows that were read.
    public var rows: Int
    /// Rows whose labels were stored.
    public var labelled: Int
    /// Rows that were stored as rejected.
    public var rejected: Int
    /// Rows that the pipeline drops.
    public var dropped: Int
    /// Whether all rows were read and are settled.
    public var isComplete: Bool
    /// Records that wait in the outbox; nil if the pipeline publishes nothing.
    public var outbox: Int?
    /// Host and process that publish them; nil: nobody does.
    public var publisher: String?
    /// What a person should know: which adapters went live meanwhile.
    public var notes: [String] = []
    /// What was unavailable in the end.
    public var obstacle: String?

    private enum CodingKeys: String, CodingKey {
        case topic, rows, labelled, rejected, dropped, outbox, publisher, notes, obstacle
        case isComplete = "complete"
    }
}

extension LabelReport {
    fileprivate init(topic: String, _ source: RowTextSource, status: PipelineStatus) async {
        let rows = Int(await source.count)
        let settled = status.labelled + status.rejected + status.dropped
        let isComplete = await source.isFinished && settled >= rows
        self.init(
            topic: topic, rows: rows, labelled: status.labelled, rejected: status.rejected, dropped: status.dropped,
            isComplete: isComplete, obstacle: isComplete ? nil : status.waitingFor)
    }
}
