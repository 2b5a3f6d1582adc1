import Logging
import Operations
import Pipelines

/// SIGHUP: reads the pipeline files anew and applies them as a whole, or, if anything is wrong with them, not at all.
extension LorikeetDaemon {
    /// - Returns: whether the new files are in force.
    @discardableResult
    public func reload() async -> Bool {
        notifier?.reloading()
        let outcome = await reloads.run { await self.applyFiles() }
        let readiness = await readiness()
        notifier?.ready(status: readiness.summary)
        PrometheusRegistry.shared.makeCounter(
            label: "lorikeet_reloads_total", dimensions: [("outcome", outcome == nil ? "applied" : "refused")]
        ).increment(by: 1)
        guard let outcome else {
            logger.notice("reloaded", metadata: ["files": "\(files.joined(separator: " "))"])
            return true
        }
        for line in outcome.split(separator: "\n") {
            logger.error("reload refused, nothing changed", metadata: ["reason": "\(line)"])
        }
        return false
    }

    /// Nil if the files are in force now, else why not.
    private func applyFiles() async -> String? {
        do {
            let new = try DaemonConfiguration.read(files: files, environment: options.environment)
            let old = await supervisor.configurations
            try new.requireUsableSources()
            try checkReplaceable(new)
            try loaded.checkFigures(new)
            let tasks = try new.databases.mapValues { pipelines throws(ConfigurationError) in
                try loaded.keptTasks(of: pipelines)
            }
            try await replaceTasks(tasks)
            for (old, new) in zip(old.inOrder(of: files), new.pipelines) {
                guard let keeper = keepers[new.sink.postgres.value] else { continue }
                await supervisor.replace(old, by: new, liveAdapters: keeper.liveAdapters)
            }
            await scheduler.update(new.pipelines)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// All databases take their new tasks on, or none does.
    private func replaceTasks(_ tasks: [String: [String: KeptTask]]) async throws {
        var before: [(keeper: AdapterKeeper, tasks: [String: KeptTask])] = []
        do {
            for (postgres, tasks) in tasks {
                guard let keeper = keepers[postgres] else { continue }
                before.append((keeper, try await keeper.replaceTasks(tasks)))
            }
        } catch {
            for (keeper, tasks) in before { keeper.restoreTasks(tasks) }
            throw error
        }
    }

    /// What only a restart can change.
    private func checkReplaceable(_ new: DaemonConfiguration) throws(ConfigurationError) {
        var problems: [ConfigurationProblem] = []
        if new.base != configuration.base, let pipeline = new.pipelines.first {
            problems.append(pipeline.problem(at: "base", "another base needs a restart"))
        }
        for pipeline in new.pipelines where keepers[pipeline.sink.postgres.value] == nil {
            problems.append(pipeline.problem(at: "sink.postgres", "another database needs a restart"))
        }
        let (before, after) = (configuration.directConnections, new.directConnections)
        for pipeline in new.pipelines {
            let postgres = pipeline.sink.postgres.value
            guard keepers[postgres] != nil, before[postgres] != after[postgres] else { continue }
            problems.append(pipeline.problem(at: "sink.postgres_direct", "another connection needs a restart"))
        }
        guard problems.isEmpty else { throw ConfigurationError(problems) }
    }
}

extension [PipelineConfiguration] {
    /// The pipelines by the order of their files on the command line.
    fileprivate func inOrder(of files: [String]) -> [PipelineConfiguration] {
        files.compactMap { file in first { $0.file == file } }
    }
}

/// Runs one piece of work at a time, in the order of asking.
actor OneAtATime {
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
