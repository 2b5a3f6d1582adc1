import Connectors
import Kernels
import Logging
import Pipelines
import Serving

/// What `lorikeet replay` reads again, and how.
public struct ReplayRequest: Sendable {
    /// The pipeline file.
    public var file: String
    /// Which part of its topics.
    public var selection: ReplaySelection
    /// The one task that labels; nil: all.
    public var task: String?
    /// Records per second at most; nil: no limit.
    public var rate: Double?
    /// Compute threads.
    public var workers: Int
    /// Whether the process gets the lowest priority.
    public var isBackground = false

    /// - Parameters: as the properties.
    public init(file: String, selection: ReplaySelection, task: String? = nil, rate: Double? = nil, workers: Int) {
        (self.file, self.selection, self.task) = (file, selection, task)
        (self.rate, self.workers) = (rate, workers)
    }
}

/// `lorikeet replay`: sends a part of a pipeline's topics through its serving path again.
///
/// It reads outside of the group and commits no offset. Rows have the keys that they have from the daemon, so they are
/// overwritten in place. The command can be interrupted or killed at any time and called again.
public enum ReplayOperation {
    /// Replays until the end of the part that the topics had when it began. If the task is cancelled, it settles what
    /// it has read, and the report says where to continue.
    ///
    /// - Parameter progress: offsets that are read and settled, and all that there are.
    /// - Throws: status 64 for offsets of partitions that do not exist; 78 where only a person can help; 1 if the
    ///   brokers or the database do not answer when it begins.
    public static func run(
        _ request: ReplayRequest, environment: PipelineEnvironment = .process, logger: Logger,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(CommandFailure) -> ReplayReport {
        BLAS.configure()
        return try await CommandFailure.wrapping {
            try await report(request, environment: environment, logger: logger, progress: progress)
        }
    }

    private static func report(
        _ request: ReplayRequest, environment: PipelineEnvironment, logger: Logger,
        progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> ReplayReport {
        let configuration = try DaemonConfiguration.read(files: [request.file], environment: environment)
        try configuration.requireUsableSources()
        guard let whole = configuration.pipelines.first else { throw ConfigurationError([]) }
        let pipeline = try request.task.map { try whole.restricted(to: $0) } ?? whole
        let source = KafkaRangeSource(pipeline.kafkaSettings, rate: request.rate, logger: logger)
        return try await source.closing { source in
            let plan = try await plan(request.selection, source)
            var report = ReplayReport(plan)
            if !source.progress.isRead {
                let serving = try await BoundedServing.prepared(
                    pipeline, of: configuration, environment: environment, onlyTask: request.task,
                    workers: request.workers, isBackground: request.isBackground, logger: logger)
                let status = try await serving.closing { try await run($0, source, progress) }
                report.count(status, source.progress)
                report.notes += await serving.adapters.notes
                report.note(await WaitingRecords.count(of: pipeline))
            }
            return report
        }
    }

    private static func plan(_ selection: ReplaySelection, _ source: KafkaRangeSource) async throws -> ReplayPlan {
        do {
            return try await source.plan(selection)
        } catch let refusal as ReplayRefusal {
            if case .offsets = refusal { throw CommandFailure(.usage, "\(refusal)") }
            throw CommandFailure(.failed, "\(refusal)")
        } catch let error as ConnectorError {
            // Not of the database.
            throw CommandFailure(error.action == .stop ? .configuration : .failed, error.reason)
        }
    }

    private static func run(
        _ serving: BoundedServing, _ source: KafkaRangeSource, _ progress: @escaping @Sendable (Int, Int) -> Void
    ) async throws -> PipelineStatus {
        do {
            return try await serving.run(source) { status in
                let (all, read) = source.progress.offsets
                progress(max(0, Int(read) - status.inFlight), Int(all))
            }
        } catch let error as ServingError {
            let rest = source.progress.rest.map { "--offsets \($0)" }.joined(separator: " ")
            throw CommandFailure(.configuration, "\(error)\nto continue: \(rest)")
        }
    }
}
