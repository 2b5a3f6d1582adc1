import Connectors
import FoundationEssentials
import LogKeys
import Logging
import Operations
import Pipelines
import Retraining
import ServiceLifecycle
import Threading

/// Counts new labelled rows, and starts `lorikeet retrain` as a process of low priority when a task is due. One runs at
/// a time: training uses every core that labelling leaves.
actor RetrainScheduler: Service {
    private let program: String
    private let logger: Logger
    private var pipelines: [PipelineConfiguration]
    private var sources: [RowsKey: PostgresLabelledRowSource] = [:]
    /// When the rows of a task were last counted by label, and how many were new then.
    private var censuses: [String: (time: ContinuousClock.Instant, newRows: Int)] = [:]
    private var isDatabaseUnavailable = false
    /// When the last process of a task was started: it may have died before it wrote anything to the database.
    private var starts: [String: Date] = [:]

    /// The rows of a database that a pipeline's tasks are trained on.
    private struct RowsKey: Hashable {
        let postgres: String
        let selection: LabelledRowSelection
    }

    /// Rows are counted by label no more often: that reads all of them.
    private static let censusPause = Duration.seconds(60)
    /// New rows are counted at least this often; `every` only spaces the runs.
    private static let longestPause = Duration.seconds(10)
    /// How long a process has to end by itself, and then after SIGTERM.
    private static let gracePeriod = Duration.seconds(1)

    init(pipelines: [PipelineConfiguration], program: String, logger: Logger) {
        self.pipelines = pipelines
        self.program = program
        self.logger = logger
    }

    /// After a reload.
    func update(_ pipelines: [PipelineConfiguration]) async {
        self.pipelines = pipelines
        censuses = [:]
        PrometheusRegistry.shared.removeGauges(DaemonMetricNames.unusableRows)
        // Other queries have connections of their own.
        await close()
    }

    nonisolated func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await self.runDueTasks()
                    try await Task.sleep(for: self.pause())
                }
            }
        } catch is CancellationError {}
        await close()
    }

    private func pause() -> Duration {
        pipelines.compactMap { $0.retrain?.every }.reduce(Self.longestPause, min)
    }

    private func close() async {
        let closing = sources.values
        sources = [:]
        for source in closing { await source.close() }
    }

    /// Retrains every task that is due; two pipelines that share a task share its runs.
    private func runDueTasks() async throws {
        for pipeline in pipelines {
            guard let retrain = pipeline.retrain else { continue }
            for task in pipeline.tasks {
                try Task.checkCancellation()
                if await isDue(task, pipeline, retrain) { try await runChild(task: task.name, pipeline: pipeline) }
            }
        }
    }

    private func isDue(
        _ configuration: TaskConfiguration, _ pipeline: PipelineConfiguration, _ retrain: RetrainConfiguration
    ) async -> Bool {
        let task = configuration.name
        let source = source(of: pipeline)
        do {
            let last = try await source.lastRetraining(task: task)
            let newRows = try await source.newRowsSinceLastRetraining(task: task)
            try await countByLabel(configuration, source, newRows: newRows)
            if isDatabaseUnavailable { logger.notice("labelled rows can be counted again") }
            isDatabaseUnavailable = false
            let schedule = RetrainingSchedule(every: retrain.every, minimumNewRows: retrain.minimumNewRows)
            let lastRun = [last?.startedAt, starts[task]].compactMap(\.self).max()
            let isDue = schedule.decision(lastRun: lastRun, newRows: newRows, now: Date()) == .retrain
            if isDue {
                logger.notice("retraining started", metadata: [LogKey.task: "\(task)", LogKey.newRows: "\(newRows)"])
            }
            return isDue
        } catch {
            if !isDatabaseUnavailable {
                logger.warning("labelled rows cannot be counted, retrying", metadata: [LogKey.reason: "\(error)"])
            }
            isDatabaseUnavailable = true
            return false
        }
    }

    private func source(of pipeline: PipelineConfiguration) -> PostgresLabelledRowSource {
        let key = RowsKey(postgres: pipeline.sink.postgres.value, selection: pipeline.rowSelection)
        if let known = sources[key] { return known }
        let source = PostgresLabelledRowSource(
            PostgresSettings(dsn: key.postgres, applicationName: "lorikeet scheduler"), selection: key.selection)
        sources[key] = source
        return source
    }

    /// Exports how many rows of a task cannot be used, where rows came since the last time.
    private func countByLabel(
        _ task: TaskConfiguration, _ source: PostgresLabelledRowSource, newRows: Int
    ) async throws {
        if let last = censuses[task.name], last.newRows == newRows || .now - last.time < Self.censusPause { return }
        let census = try await task.census(of: source)
        censuses[task.name] = (.now, newRows)
        for (kind, rows) in census.summary.unusableKinds {
            PrometheusRegistry.shared.setGauge(
                DaemonMetricNames.unusableRows, [("task", task.name), ("kind", kind.rawValue)], to: Double(rows))
        }
    }

    // MARK: - The process

    private func runChild(task: String, pipeline: PipelineConfiguration) async throws {
        starts[task] = Date()
        let child: ChildProcess
        do throws(SystemError) {
            child = try ChildProcess(
                program: program,
                arguments: [
                    "retrain", task, "--pipeline", pipeline.file, "--background", "--trigger", "rows", "--json",
                    "--log-format", DaemonLogging.format.rawValue,
                ], environment: Self.environment)
        } catch {
            logger.error("retraining cannot be started", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(error)"])
            return
        }
        let ending = await withTaskCancellationHandler {
            await child.ending()
        } onCancel: {
            child.askToEnd()
            Task {
                try? await Task.sleep(for: Self.gracePeriod)
                child.terminate()
                try? await Task.sleep(for: Self.gracePeriod)
                child.kill()
            }
        }
        // The process has ended: nobody holds its lease any more.
        if ending.status != 0 {
            try? await source(of: pipeline).releaseLease(task: task, ofEndedProcess: child.processID)
        }
        try Task.checkCancellation()
        report(ending, task: task)
    }

    /// The daemon's own, without the variables that systemd set for the daemon alone.
    private static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter {
            !["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].contains($0.key)
        }
    }

    private func report(_ ending: ChildProcess.Ending, task: String) {
        let report = RetrainReport(output: ending.output)
        let verdict = report?.verdict ?? "failed"
        PrometheusRegistry.shared.makeCounter(
            label: DaemonMetricNames.retrainings, dimensions: [("task", task), ("verdict", verdict)]
        ).increment(by: 1)
        guard ending.status == 0, let report else {
            var metadata: Logger.Metadata = [LogKey.task: "\(task)", LogKey.exitStatus: "\(ending.status)"]
            if let reason = ending.signalReason { metadata[LogKey.reason] = "\(reason)" }
            logger.error("retraining failed", metadata: metadata)
            return
        }
        var metadata: Logger.Metadata = [
            LogKey.task: "\(task)", LogKey.verdict: "\(report.verdict)", LogKey.reason: "\(report.reason)",
            LogKey.rowsUsed: "\(report.rowsUsed)",
        ]
        if let challenger = report.challenger { metadata[LogKey.challenger] = "\(challenger.prefix(12))" }
        logger.notice("retraining ended", metadata: metadata)
    }
}
