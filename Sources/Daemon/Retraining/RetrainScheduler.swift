import Connectors
import Foundation
import Logging
import Operations
import Pipelines
import Retraining
import ServiceLifecycle
import Threading

/// Counts new labelled rows, and starts `lorikeet retrain` as a process of low priority where a pipeline's trigger says so.
/// One at a time: training uses every core that labelling leaves.
actor RetrainScheduler: Service {
    private let program: String
    private let logger: Logger
    private var pipelines: [PipelineConfiguration]
    private var sources: [String: PostgresLabelledRowSource] = [:]
    private var isDatabaseAway = false
    /// When a task's last process was started, which may have died before it could note anything in the database.
    private var starts: [String: Date] = [:]

    /// New rows are counted at least this often, whatever `every` says: it only spaces the runs.
    private static let longestPause = Duration.seconds(10)
    /// How long a process may take to end by itself, and then after SIGTERM.
    private static let patience = Duration.seconds(1)

    init(pipelines: [PipelineConfiguration], program: String, logger: Logger) {
        self.pipelines = pipelines
        self.program = program
        self.logger = logger
    }

    /// After a reload.
    func update(_ pipelines: [PipelineConfiguration]) { self.pipelines = pipelines }

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
        for source in sources.values { await source.close() }
        sources = [:]
    }

    /// One look at every task that may be retrained; two pipelines that share a task share its runs.
    private func runDueTasks() async throws {
        for pipeline in pipelines {
            guard let retrain = pipeline.retrain else { continue }
            for task in pipeline.tasks {
                try Task.checkCancellation()
                if await isDue(task.name, pipeline, retrain) { try await runChild(task: task.name, pipeline: pipeline) }
            }
        }
    }

    private func isDue(_ task: String, _ pipeline: PipelineConfiguration, _ retrain: RetrainConfiguration) async -> Bool
    {
        let source = source(of: pipeline)
        do {
            let last = try await source.lastRetraining(task: task)
            let newRows = try await source.newRowsSinceLastRetraining(task: task)
            if isDatabaseAway { logger.notice("counting labelled rows recovered") }
            isDatabaseAway = false
            let trigger = RetrainRule(every: retrain.every, minimumNewRows: retrain.minimumNewRows)
            let lastRun = [last?.startedAt, starts[task]].compactMap(\.self).max()
            let isDue = trigger.decision(lastRun: lastRun, newRows: newRows, now: Date()) == .retrain
            if isDue { logger.notice("retraining begins", metadata: ["task": "\(task)", "new_rows": "\(newRows)"]) }
            return isDue
        } catch {
            if !isDatabaseAway { logger.warning("cannot count labelled rows", metadata: ["reason": "\(error)"]) }
            isDatabaseAway = true
            return false
        }
    }

    private func source(of pipeline: PipelineConfiguration) -> PostgresLabelledRowSource {
        let dsn = pipeline.sink.postgres.value
        if let known = sources[dsn] { return known }
        let source = PostgresLabelledRowSource(PostgresSettings(dsn: dsn, applicationName: "lorikeet scheduler"))
        sources[dsn] = source
        return source
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
            logger.error("retraining could not be started", metadata: ["task": "\(task)", "reason": "\(error)"])
            return
        }
        let ending = await withTaskCancellationHandler {
            await child.ending()
        } onCancel: {
            child.askToEnd()
            Task {
                try? await Task.sleep(for: Self.patience)
                child.terminate()
                try? await Task.sleep(for: Self.patience)
                child.kill()
            }
        }
        // It has ended: what it holds in the database still is nobody's.
        if ending.status != 0 {
            try? await source(of: pipeline).releaseLease(task: task, ofEndedProcess: child.processID)
        }
        try Task.checkCancellation()
        report(ending, task: task)
    }

    /// The daemon's own, without what systemd meant for the daemon alone.
    private static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter {
            !["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].contains($0.key)
        }
    }

    private func report(_ ending: ChildProcess.Ending, task: String) {
        let report = RetrainReport(output: ending.output)
        let verdict = report?.verdict ?? "failed"
        PrometheusRegistry.shared.makeCounter(
            label: "lorikeet_retrainings_total", dimensions: [("task", task), ("verdict", verdict)]
        ).increment(by: 1)
        guard ending.status == 0, let report else {
            var metadata: Logger.Metadata = ["task": "\(task)", "status": "\(ending.status)"]
            if let reason = ending.signalReason { metadata["reason"] = "\(reason)" }
            logger.error("retraining failed", metadata: metadata)
            return
        }
        var metadata: Logger.Metadata = [
            "task": "\(task)", "verdict": "\(report.verdict)", "reason": "\(report.reason)",
            "rows": "\(report.rowsUsed)",
        ]
        if let challenger = report.challenger { metadata["challenger"] = "\(challenger.prefix(12))" }
        logger.notice("retraining ended", metadata: metadata)
    }
}
