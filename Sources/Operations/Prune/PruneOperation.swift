import Connectors
import Pipelines
import Serving
import Synchronization

/// `lorikeet prune`: what the daemon does every ten minutes, by hand.
public enum PruneOperation {
    /// Deletes the rows of a pipeline that are older than its file says.
    ///
    /// - Parameters:
    ///   - file: the pipeline file.
    ///   - isDryRun: only counts them.
    ///   - progress: how many rows are deleted.
    /// - Throws: status 78 if the file keeps everything, 1 if another process deletes rows of the pipeline.
    public static func run(
        file: String, isDryRun: Bool, environment: PipelineEnvironment = .process,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> PruneReport {
        let pipeline = try PipelineFile.read(path: file, environment: environment)
        guard !pipeline.retention.keepsEverything else {
            throw CommandFailure(pipeline.problem(at: "retention", "is missing: every row of the pipeline is kept"))
        }
        let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet prune")
        try await DatabaseSchema.verify(settings)
        // Nobody waits for a process that a person started, but the sink still goes first.
        let retention = PostgresRetention(
            settings, pipeline: pipeline.name, policy: pipeline.retention,
            pace: PostgresRetention.Pace(share: 0.5))
        return try await retention.closing { retention in
            let rows =
                isDryRun ? try await retention.oldRows() : try await delete(with: retention, pipeline, progress)
            return PruneReport(pipeline: pipeline.name, isDryRun: isDryRun, rows: rows)
        }
    }

    private static func delete(
        with retention: PostgresRetention, _ pipeline: PipelineConfiguration,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [RetentionTable: Int] {
        let done = Mutex(0)
        let result = try await retention.enforce { _, rows in
            let sum = done.withLock { sum in
                sum += rows
                return sum
            }
            progress(sum)
        }
        switch result {
        case .ran(let rows): return rows
        case .held(let holder):
            throw CommandFailure(.failed, "\(holder.process) deletes old rows of pipeline \(pipeline.name) already")
        }
    }
}

/// What `lorikeet prune` deleted, or would delete.
public struct PruneReport: Sendable, Equatable {
    /// The pipeline's name.
    public let pipeline: String
    /// Whether nothing was deleted.
    public let isDryRun: Bool
    /// Rows by table, of the tables that the pipeline file limits.
    public let rows: [RetentionTable: Int]
}
