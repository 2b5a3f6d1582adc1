import BERT
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
    /// The types in which the daemon's base computes now. The file may say another one by then, but a challenger is
    /// judged in those that serve.
    private let precision: @Sendable () -> BasePrecision
    /// Whether the daemon computes in finer types if a challenger needs them.
    private let fallsBack: Bool
    private let logger: Logger
    private var pipelines: [PipelineConfiguration]
    private var sources: [RowsKey: PostgresLabelledRowSource] = [:]
    /// When what only tells people is asked.
    private var pace = RetrainingPace<TaskKey>()
    /// Tasks whose rows cannot be counted, as logged last.
    private var uncounted: Set<TaskKey> = []
    /// When the last process of a task was started, by the monotonic clock: it may have died before it wrote anything
    /// to the database.
    private var starts: [TaskKey: Duration] = [:]
    /// Processes of a task in a row that failed. Some die before they write anything to the database.
    private var failures: [TaskKey: Int] = [:]
    /// When a task's schedule was asked last.
    private var asked: [TaskKey: Date] = [:]
    /// Tasks that are paused, as logged last.
    private var paused: Set<TaskKey> = []
    /// What people may ask.
    private var known: [TaskKey: Knowledge] = [:]
    /// The task that is being retrained, and since when.
    private var running: (key: TaskKey, since: Date)?
    private let clock: Clock
    /// Whether the texts of a task drift, by the connection string of its database.
    private let isDrifting: @Sendable (_ postgres: String, _ task: String) -> Bool

    /// A task of a database: two databases may have tasks of the same name.
    private struct TaskKey: Hashable {
        let postgres: String
        let task: String

        init(_ task: String, _ pipeline: PipelineConfiguration) {
            (postgres, self.task) = (pipeline.sink.postgres.value, task)
        }
    }

    /// The rows of a database that a pipeline's tasks are trained on.
    private struct RowsKey: Hashable {
        let postgres: String
        let selection: LabelledRowSelection

        init(_ pipeline: PipelineConfiguration) {
            (postgres, selection) = (pipeline.sink.postgres.value, pipeline.rowSelection)
        }
    }

    /// What the last look at the database found of a task.
    private struct Knowledge {
        var newRows: Int?
        var last: PostgresLabelledRowSource.LastRetraining?
    }

    /// New rows are counted at least this often; `every` only spaces the runs.
    private static let longestPause = Duration.seconds(10)
    /// How long a process has to end by itself, and then after SIGTERM.
    private static let gracePeriod = Duration.seconds(1)
    /// How long after `time_limit` a process is killed. It ends itself before, and records why.
    private static let timeLimitGrace = Duration.seconds(10)

    init(
        pipelines: [PipelineConfiguration], program: String, precision: @escaping @Sendable () -> BasePrecision,
        fallsBack: Bool = false, logger: Logger, clock: Clock = .system,
        isDrifting: @escaping @Sendable (_ postgres: String, _ task: String) -> Bool = { _, _ in false }
    ) {
        self.clock = clock
        self.isDrifting = isDrifting
        self.pipelines = pipelines
        self.program = program
        self.precision = precision
        self.fallsBack = fallsBack
        self.logger = logger
    }

    /// What is known of the retraining of a task; nil if the pipeline retrains none.
    func retraining(of task: String, in pipeline: PipelineConfiguration) -> TaskRetraining? {
        guard let retrain = pipeline.retrain else { return nil }
        let key = TaskKey(task, pipeline)
        return TaskRetraining(
            newRows: known[key]?.newRows, minimumNewRows: retrain.schedule.minimumNewRows,
            isPaused: retrain.paused.contains(task), runningSince: running?.key == key ? running?.since : nil,
            last: known[key]?.last?.record)
    }

    /// What is known of the retraining of every task, by task.
    var retrainings: [String: TaskRetraining] {
        var retrainings: [String: TaskRetraining] = [:]
        for pipeline in pipelines {
            for task in pipeline.tasks {
                // Another pipeline that has the task may retrain it.
                guard let retraining = retraining(of: task.name, in: pipeline) else { continue }
                retrainings[task.name] = retraining
            }
        }
        return retrainings
    }

    /// Since when challengers have waited for a person, by task. Paused tasks are not looked at.
    var approvalsAwaited: [String: Date] {
        var awaited: [String: Date] = [:]
        for pipeline in pipelines {
            guard let retrain = pipeline.retrain else { continue }
            for task in pipeline.tasks where !retrain.paused.contains(task.name) {
                awaited[task.name] = known[TaskKey(task.name, pipeline)]?.last?.approvalAwaitedSince
            }
        }
        return awaited
    }

    /// After a reload.
    func update(_ pipelines: [PipelineConfiguration]) {
        self.pipelines = pipelines
        pace.forgetCensuses()
        PrometheusRegistry.shared.removeGauges(DaemonMetricNames.unusableRows)
        // A source that is in use closes when its user lets it go: a reload does not wait for its statement.
        let keys = Set(pipelines.map(RowsKey.init))
        sources = sources.filter { keys.contains($0.key) }
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

    /// Retrains every task that is due; two pipelines that share a task share its runs. Of paused tasks people are told
    /// too.
    private func runDueTasks() async throws {
        for file in pipelines.map(\.file) {
            // A run takes long: the tasks after it are looked at again, as the file is by then.
            var rest = (current(file)?.tasks ?? []).map(\.name)[...]
            while !rest.isEmpty {
                try Task.checkCancellation()
                guard let pipeline = current(file), let retrain = pipeline.retrain else { break }
                let group = Self.nextGroup(rest, of: pipeline)
                let due = await firstDue(group.compactMap(pipeline.task), pipeline, retrain)
                try Task.checkCancellation()
                // A reload may have changed it meanwhile.
                guard current(file) == pipeline else { continue }
                guard let due else {
                    rest = rest[group.endIndex...]
                    continue
                }
                logger.notice(
                    "retraining started",
                    metadata: [
                        LogKey.task: "\(due.task)", LogKey.newRows: "\(due.newRows)",
                        LogKey.trigger: "\(due.trigger.rawValue)",
                    ])
                try await runChild(task: due.task, pipeline: pipeline, retrain, trigger: due.trigger)
                rest = rest[(rest.firstIndex(of: due.task) ?? rest.startIndex)...].dropFirst()
            }
        }
    }

    /// The pipeline of a file, as the last reload left it.
    private func current(_ file: String) -> PipelineConfiguration? { pipelines.first { $0.file == file } }

    /// The rows of all tasks are counted at once. A query of the user's may fail for one task alone.
    private static func nextGroup(_ tasks: ArraySlice<String>, of pipeline: PipelineConfiguration) -> ArraySlice<String>
    {
        pipeline.rowSelection.query == nil ? tasks : tasks.prefix(1)
    }

    /// Keeps what people may ask current while a process runs, perhaps for hours.
    private func followFacts() async {
        while (try? await Task.sleep(for: pause())) != nil {
            for file in pipelines.map(\.file) {
                var rest = (current(file)?.tasks ?? []).map(\.name)[...]
                while !rest.isEmpty, !Task.isCancelled, let pipeline = current(file), pipeline.retrain != nil {
                    let group = Self.nextGroup(rest, of: pipeline)
                    _ = await facts(of: group.compactMap(pipeline.task), pipeline, now: now)
                    rest = rest[group.endIndex...]
                }
            }
        }
    }

    private var now: Date { Date(timeIntervalSince1970: Double(clock.date()) / 1000) }

    /// Whether the pipeline file says so. The log says it once.
    private func isPaused(_ task: String, _ pipeline: PipelineConfiguration, _ retrain: RetrainConfiguration) -> Bool {
        let key = TaskKey(task, pipeline)
        guard retrain.paused.contains(task) else {
            paused.remove(key)
            return false
        }
        if paused.insert(key).inserted { logger.notice("retraining paused", metadata: [LogKey.task: "\(task)"]) }
        return true
    }

    /// The first of the tasks that is retrained now, and why; nil: none is.
    private func firstDue(
        _ tasks: [TaskConfiguration], _ pipeline: PipelineConfiguration, _ retrain: RetrainConfiguration
    ) async -> (task: String, newRows: Int, trigger: RetrainingTrigger)? {
        let now = now
        guard let stored = await facts(of: tasks, pipeline, now: now) else { return nil }
        // It only feeds a metric, so it decides nothing.
        try? await countByLabel(tasks, pipeline, stored.mapValues(\.newRows))
        for task in tasks {
            let key = TaskKey(task.name, pipeline)
            guard let stored = stored[task.name] else { continue }
            if isPaused(task.name, pipeline, retrain) { continue }
            let facts = completed(stored, key, now: now)
            let decision = retrain.schedule.decision(facts, now: now)
            // A time of the day that passes during a pause is made up for after it.
            if !retrain.schedule.isPaused(facts, now: now) { asked[key] = now }
            if case .retrain(let trigger) = decision { return (task.name, facts.newRows, trigger) }
        }
        return nil
    }

    /// What the database knows of the tasks; nil if it cannot be read.
    private func facts(
        of tasks: [TaskConfiguration], _ pipeline: PipelineConfiguration, now: Date
    ) async -> [String: RetrainingSchedule.Facts]? {
        let source = source(of: pipeline)
        do {
            let facts = try await source.scheduleFacts(
                tasks: tasks.map(\.name), now: now, dtype: precision().description, pipelineFile: pipeline.fileDigest)
            noteCounted(tasks.map { TaskKey($0.name, pipeline) })
            await note(facts, pipeline, source)
            return facts
        } catch {
            // A statement that was cancelled is no failure.
            if !Task.isCancelled { noteUncounted(tasks.map { TaskKey($0.name, pipeline) }, reason: error) }
            return nil
        }
    }

    private func noteCounted(_ keys: [TaskKey]) {
        let again = keys.filter { uncounted.remove($0) != nil }
        guard !again.isEmpty else { return }
        logger.notice("labelled rows can be counted again", metadata: [LogKey.task: "\(Self.names(again))"])
    }

    private func noteUncounted(_ keys: [TaskKey], reason: any Error) {
        let new = keys.filter { uncounted.insert($0).inserted }
        guard !new.isEmpty else { return }
        logger.warning(
            "labelled rows cannot be counted, retrying",
            metadata: [LogKey.task: "\(Self.names(new))", LogKey.reason: "\(reason)"])
    }

    /// The first few names: there may be a thousand.
    private static func names(_ keys: [TaskKey]) -> String {
        let rest = keys.count - 3
        return keys.prefix(3).map(\.task).joined(separator: ",") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// What this process knows of a task beside the database.
    private func completed(
        _ stored: RetrainingSchedule.Facts, _ key: TaskKey, now: Date
    ) -> RetrainingSchedule.Facts {
        var facts = stored
        let lastStart = starts[key].map { now.addingTimeInterval(-((clock.now() - $0) / .seconds(1))) }
        facts.lastRun = [facts.lastRun, lastStart].compactMap(\.self).max()
        facts.failures = max(facts.failures, failures[key, default: 0])
        facts.askedAt = asked[key]
        facts.isDrifting = isDrifting(key.postgres, key.task)
        return facts
    }

    /// Keeps what people may ask. A failure is tried again with the next look.
    private func note(
        _ facts: [String: RetrainingSchedule.Facts], _ pipeline: PipelineConfiguration,
        _ source: PostgresLabelledRowSource
    ) async {
        for (task, facts) in facts {
            known[TaskKey(task, pipeline), default: Knowledge()].newRows = facts.newRows
        }
        let due = pace.journalsDue(among: facts.keys.map { TaskKey($0, pipeline) }, now: clock.now())
        guard !due.isEmpty, let last = try? await source.lastRetrainings(tasks: due.map(\.task).sorted()) else {
            return
        }
        for key in due { known[key]?.last = last[key.task] }
        pace.readJournals(of: due, now: clock.now())
    }

    private func source(of pipeline: PipelineConfiguration) -> PostgresLabelledRowSource {
        let key = RowsKey(pipeline)
        if let known = sources[key] { return known }
        let source = PostgresLabelledRowSource(
            PostgresSettings(dsn: key.postgres, applicationName: "lorikeet scheduler"), selection: key.selection)
        sources[key] = source
        return source
    }

    /// Exports how many rows of the tasks cannot be used, where rows came since the last time.
    private func countByLabel(
        _ tasks: [TaskConfiguration], _ pipeline: PipelineConfiguration, _ newRows: [String: Int]
    ) async throws {
        let newRows = Dictionary(uniqueKeysWithValues: newRows.map { (TaskKey($0.key, pipeline), $0.value) })
        let due = pace.censusesDue(newRows, now: clock.now())
        guard !due.isEmpty else { return }
        let groups = try await source(of: pipeline).labelGroups(tasks: due.map(\.task).sorted())
        pace.counted(due, newRows, now: clock.now())
        let names = Set(due.map(\.task))
        for task in tasks where names.contains(task.name) {
            for (kind, rows) in task.census(of: groups[task.name] ?? []).summary.unusableKinds {
                PrometheusRegistry.shared.setGauge(
                    DaemonMetricNames.unusableRows, [("task", task.name), ("kind", kind.rawValue)], to: Double(rows))
            }
        }
    }

    // MARK: - The process

    private func runChild(
        task: String, pipeline: PipelineConfiguration, _ retrain: RetrainConfiguration, trigger: RetrainingTrigger
    ) async throws {
        let key = TaskKey(task, pipeline)
        starts[key] = clock.now()
        running = (key, now)
        defer {
            running = nil
            pace.journalChanged(of: key)
        }
        let child: ChildProcess
        do throws(SystemError) {
            child = try ChildProcess(
                program: program,
                arguments: [
                    "retrain", task, "--pipeline", pipeline.file, "--background", "--dtype", precision().description,
                    "--trigger", trigger.rawValue, "--json", "--log-format", DaemonLogging.format.rawValue,
                ] + (fallsBack ? ["--falls-back"] : []), environment: Self.environment)
        } catch {
            failures[key, default: 0] += 1
            logger.error("retraining cannot be started", metadata: [LogKey.task: "\(task)", LogKey.reason: "\(error)"])
            return
        }
        let following = Task { await followFacts() }
        let limit = TimeLimit(retrain.timeLimit + Self.timeLimitGrace, clock: clock) { child.kill() }
        let ending = await Self.ending(of: child)
        let duration = clock.now() - starts[key, default: .zero]
        following.cancel()
        await following.value
        await limit.stop()
        let reason = duration < retrain.timeLimit ? nil : TimeLimit.reason(retrain.timeLimit)
        // The process has ended: nobody holds its lease any more.
        if ending.status != 0 {
            try? await source(of: pipeline).clear(
                task: task, ofEndedProcess: child.processID, reason: reason ?? "the process ended without a verdict")
        }
        try Task.checkCancellation()
        PrometheusRegistry.shared.makeTimer(
            label: DaemonMetricNames.retrainingSeconds, dimensions: [("task", task)]
        ).recordNanoseconds(Int64(duration / .nanoseconds(1)))
        failures[key] = ending.status == 0 ? nil : failures[key, default: 0] + 1
        report(ending, task: task, reason: reason)
    }

    /// Asks it to end where the caller's task is cancelled.
    private static func ending(of child: ChildProcess) async -> ChildProcess.Ending {
        await withTaskCancellationHandler {
            await child.ending()
        } onCancel: {
            Task {
                child.askToEnd()
                try? await Task.sleep(for: gracePeriod)
                child.terminate()
                try? await Task.sleep(for: gracePeriod)
                child.kill()
            }
        }
    }

    /// The daemon's own, without the variables that systemd set for the daemon alone.
    private static var environment: [String: String] {
        ProcessInfo.processInfo.environment.filter {
            !["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"].contains($0.key)
        }
    }

    private func report(_ ending: ChildProcess.Ending, task: String, reason: String?) {
        let report = RetrainReport(output: ending.output)
        let verdict = report?.verdict ?? "failed"
        PrometheusRegistry.shared.makeCounter(
            label: DaemonMetricNames.retrainings, dimensions: [("task", task), ("verdict", verdict)]
        ).increment(by: 1)
        guard ending.status == 0, let report else {
            var metadata: Logger.Metadata = [LogKey.task: "\(task)", LogKey.exitStatus: "\(ending.status)"]
            if let reason = reason ?? ending.signalReason { metadata[LogKey.reason] = "\(reason)" }
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
