import Connectors
import LogKeys
import Logging
import Operations
import Pipelines
import Retraining
import ServiceLifecycle
import Serving
import Threading

/// Deletes the rows of every pipeline that are older than its file says, and makes monthly partitions ahead of time.
///
/// Of several daemons of a pipeline, the one that holds the lease does it. Its connections exist only during a look,
/// because a pool may be small.
actor RetentionService: Service {
    private var pipelines: [PipelineConfiguration]
    private let logger: Logger
    private let clock: Clock
    /// What could not be done, as logged last: names of pipelines, and connection strings for partitions.
    private var failed: Set<String> = []
    /// By pipeline; each remembers what it has read. Their connections are closed between looks.
    private var retentions: [String: PostgresRetention] = [:]
    /// The pipeline whose old rows are being deleted, as it was when that began.
    private var enforcing: (pipeline: PipelineConfiguration, work: Task<Void, Never>)?

    /// The time between two looks.
    static let interval = Duration.seconds(600)
    /// Before the first look: a daemon that starts has something else to do.
    static let firstPause = Duration.seconds(15)

    init(pipelines: [PipelineConfiguration], logger: Logger, clock: Clock = .system) {
        (self.pipelines, self.logger, self.clock) = (pipelines, logger, clock)
    }

    /// After a reload. When it returns, nothing is deleted by ages that no longer hold: deleted rows do not come back.
    func update(_ pipelines: [PipelineConfiguration]) async {
        (self.pipelines, retentions) = (pipelines, [:])
        guard let enforcing, current(enforcing.pipeline)?.retention != enforcing.pipeline.retention else { return }
        enforcing.work.cancel()
        await enforcing.work.value
    }

    /// What the files say of a pipeline by now; nil if it is gone.
    private func current(_ pipeline: PipelineConfiguration) -> PipelineConfiguration? {
        pipelines.first { $0.name == pipeline.name && $0.sink.postgres == pipeline.sink.postgres }
    }

    nonisolated func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await self.clock.sleep(Self.firstPause)
                while true {
                    await self.look()
                    try await self.clock.sleep(Self.interval)
                }
            }
        } catch is CancellationError {}
    }

    /// Looks at every database and pipeline once.
    func look() async {
        for postgres in Set(pipelines.map(\.sink.postgres.value)).sorted() where !Task.isCancelled {
            await makePartitions(PostgresSettings(dsn: postgres, applicationName: "lorikeet retention"))
        }
        for pipeline in pipelines where !Task.isCancelled {
            // A reload may have changed its ages since this look began.
            guard let pipeline = current(pipeline), !pipeline.retention.keepsEverything else { continue }
            let work = Task { await enforce(pipeline) }
            enforcing = (pipeline, work)
            await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
            enforcing = nil
        }
    }

    private func makePartitions(_ settings: PostgresSettings) async {
        let partitions = PostgresPartitions(settings)
        do {
            let made = try await partitions.makeAhead()
            if !made.isEmpty {
                logger.notice(
                    "partitions made ahead of time", metadata: [LogKey.tables: "\(made.joined(separator: ","))"])
            }
            failed.remove(settings.dsn)
        } catch {
            for pipeline in pipelines where pipeline.sink.postgres.value == settings.dsn {
                Self.countFailure(pipeline.name)
            }
            if failed.insert(settings.dsn).inserted {
                logger.warning(
                    "partitions cannot be made, the default partition takes the rows, retrying",
                    metadata: [LogKey.reason: "\(error.reason)"])
            }
        }
        await partitions.close()
    }

    private func enforce(_ pipeline: PipelineConfiguration) async {
        let name = pipeline.name
        let retention = retention(pipeline)
        do {
            let result = try await retention.enforce { table, rows in Self.count(rows, of: table, name) }
            if failed.remove(name) != nil {
                logger.notice("old rows can be deleted again", metadata: [LogKey.pipeline: "\(name)"])
            }
            log(result.value ?? [:], of: name)
        } catch {
            // A cancelled statement fails as well. The next look resumes.
            if !Task.isCancelled { fail(name, error) }
        }
        await retention.close()
    }

    private func retention(_ pipeline: PipelineConfiguration) -> PostgresRetention {
        if let known = retentions[pipeline.name] { return known }
        let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet retention")
        let made = PostgresRetention(
            settings, pipeline: pipeline.name, policy: pipeline.retention, clock: clock)
        retentions[pipeline.name] = made
        return made
    }

    private func fail(_ name: String, _ error: any Error) {
        Self.countFailure(name)
        guard failed.insert(name).inserted else { return }
        let reason = (error as? ConnectorError)?.reason ?? "\(error)"
        logger.warning(
            "old rows cannot be deleted, retrying",
            metadata: [LogKey.pipeline: "\(name)", LogKey.reason: "\(reason)"])
    }

    private static func countFailure(_ name: String) {
        PrometheusRegistry.shared.makeCounter(
            label: DaemonMetricNames.retentionFailures, dimensions: [("pipeline", name)]
        ).increment(by: 1)
    }

    private static func count(_ rows: Int, of table: RetentionTable, _ name: String) {
        PrometheusRegistry.shared.makeCounter(
            label: DaemonMetricNames.retentionRows, dimensions: [("pipeline", name), ("table", table.rawValue)]
        ).increment(by: Int64(rows))
    }

    private func log(_ rows: [RetentionTable: Int], of name: String) {
        for table in RetentionTable.allCases {
            guard let count = rows[table], count > 0 else { continue }
            logger.notice(
                "old rows deleted",
                metadata: [
                    LogKey.pipeline: "\(name)", LogKey.table: "\(table.rawValue)", LogKey.deleted: "\(count)",
                ])
        }
    }
}
