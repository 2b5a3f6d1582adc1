import DaemonClient
import Files
import LogKeys
import Logging
import Operations
import Pipelines
import ServiceLifecycle
import Threading
import UnixSignals

/// SIGHUP: reads the pipeline files again and applies them as a whole, or, if anything is wrong with them, not at all.
extension LorikeetDaemon {
    /// Applies the pipeline files as they are now.
    ///
    /// - Returns: whether they are in force.
    @discardableResult
    public func reload() async -> Bool {
        let began = MonotonicTime.now
        notifier?.reloading()
        let outcome = await reloads.run { () async -> String? in
            let outcome = await self.applyFiles()
            // Those of files that were refused, and of names that no pipeline has any more.
            self.groupInstances.release(besides: await self.supervisor.configurations)
            return outcome
        }
        let readiness = await readiness()
        notifier?.ready(status: readiness.summary)
        PrometheusRegistry.shared.makeCounter(
            label: DaemonMetricNames.reloads, dimensions: [("outcome", outcome == nil ? "applied" : "refused")]
        ).increment(by: 1)
        Self.noteConfiguration(isApplied: outcome == nil)
        let problems = (outcome ?? "").split(separator: "\n").map(String.init)
        if problems.isEmpty {
            logger.notice("pipeline files reloaded", metadata: [LogKey.files: "\(files.joined(separator: " "))"])
        }
        for problem in problems {
            logger.error("reload refused, nothing changed", metadata: [LogKey.reason: "\(problem)"])
        }
        report(ReloadReport(began: began, problems: problems))
        return problems.isEmpty
    }

    /// Last of all, because `lorikeet reload` ends then.
    private func report(_ report: ReloadReport) {
        guard let folder = SystemdFolder.runtime.path(in: options.environment.variables) else { return }
        do throws(FileError) {
            try report.write(to: folder)
        } catch {
            logger.error("outcome of the reload not written", metadata: [LogKey.reason: "\(folder): \(error)"])
        }
    }

    /// Nil if the files are in force now, else why not.
    private func applyFiles() async -> String? {
        do {
            // Reading and hashing adapters takes a while, and pipelines serve meanwhile.
            let (new, tasks) = try await SystemThread.run(name: "reload", stackSize: 8 << 20) { try self.readFiles() }
            try await replaceTasks(tasks)
            // What begins by itself first: the pipelines may take long to drain.
            await scheduler.update(new.pipelines)
            await retention.update(new.pipelines)
            let old = await supervisor.configurations
            await supervisor.replace(
                new.pipelines.compactMap { new in
                    guard let old = old.first(where: { $0.file == new.file }),
                        let adapterService = adapterServices[new.sink.postgres.value]
                    else { return nil }
                    return PipelineSupervisor.Replacement(
                        old: old, new: new, liveAdapters: adapterService.liveAdapters)
                })
            for adapterService in adapterServices.values { adapterService.forgetRemovedTasks() }
            let left = Set(old.flatMap(\.tasks).map(\.name)).subtracting(new.pipelines.flatMap(\.tasks).map(\.name))
            for task in left { PrometheusRegistry.shared.removeSeries((name: "task", value: task)) }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The files as they are now, if they can replace those in force, and their tasks by database.
    private func readFiles() throws(ConfigurationError) -> (DaemonConfiguration, [String: [String: ServedTask]]) {
        let new = try DaemonConfiguration.read(files: files, environment: options.environment)
        try new.requireUsableSources()
        try checkReplaceable(new)
        try loaded.requireFit(new)
        try groupInstances.claim(new.pipelines)
        var tasks: [String: [String: ServedTask]] = [:]
        for (postgres, pipelines) in new.databases { tasks[postgres] = try loaded.servedTasks(of: pipelines) }
        return (new, tasks)
    }

    /// The tasks of all databases are replaced, or those of none.
    private func replaceTasks(_ tasks: [String: [String: ServedTask]]) async throws {
        var before: [(adapterService: LiveAdapterService, tasks: [String: ServedTask])] = []
        do {
            for (postgres, adapterService) in adapterServices {
                before.append((adapterService, try await adapterService.replaceTasks(tasks[postgres] ?? [:])))
            }
        } catch {
            for (adapterService, tasks) in before { adapterService.restoreTasks(tasks) }
            throw error
        }
    }

    /// Refuses what only a restart can change.
    private func checkReplaceable(_ new: DaemonConfiguration) throws(ConfigurationError) {
        var problems: [ConfigurationProblem] = []
        if new.base != configuration.base, let pipeline = new.pipelines.first {
            problems.append(pipeline.problem(at: "base", "a new base needs a restart"))
        }
        if new.dtype != configuration.dtype, let pipeline = new.pipelines.first {
            problems.append(pipeline.problem(at: "dtype", "another type needs a restart"))
        }
        for pipeline in new.pipelines where adapterServices[pipeline.sink.postgres.value] == nil {
            problems.append(pipeline.problem(at: "sink.postgres", "a new database needs a restart"))
        }
        let (before, after) = (configuration.directConnections, new.directConnections)
        for pipeline in new.pipelines {
            let postgres = pipeline.sink.postgres.value
            guard adapterServices[postgres] != nil, before[postgres] != after[postgres] else { continue }
            problems.append(pipeline.problem(at: "sink.postgres_direct", "a new connection needs a restart"))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }
}

extension LorikeetDaemon {
    /// Runs one reload at a time, in the order of the requests.
    actor ReloadQueue {
        private var last: Task<Void, Never>?

        func run<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
            let previous = last
            let task = Task {
                await previous?.value
                return await work()
            }
            last = Task { _ = await task.value }
            return await task.value
        }
    }
}

extension LorikeetDaemon {
    /// Reloads the pipeline files on SIGHUP.
    struct ReloadService: Service {
        let daemon: LorikeetDaemon

        func run() async throws {
            let signals = await UnixSignalsSequence(trapping: .sighup)
            for await _ in signals.cancelOnGracefulShutdown() { await daemon.reload() }
        }
    }
}
