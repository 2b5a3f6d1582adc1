import AdapterRegistry
import Logging
import Pipelines
import ServiceLifecycle
import Serving
import WordPiece

/// Runs the serving paths of all pipelines; a reload replaces some of them. An error of one ends the daemon.
actor PipelineSupervisor: Service {
    private struct Running {
        var configuration: PipelineConfiguration
        /// Of its file among the others.
        let place: Int
        let pipeline: ServingPipeline
    }

    /// What a reload makes of one pipeline.
    struct Replacement: Sendable {
        let old: PipelineConfiguration
        let new: PipelineConfiguration
        let liveAdapters: LiveAdapters
    }

    private let tokenizer: WordPieceTokenizer
    private let workers: WorkerPool
    private let groupInstances: GroupInstances
    private let drainTimeout: Duration
    private let logger: Logger
    private let starts: AsyncStream<ServingPipeline>
    private let startsContinuation: AsyncStream<ServingPipeline>.Continuation
    /// In the order of the files.
    private var running: [Running] = []
    /// Taken out by a reload and still draining.
    private var leaving: [ServingPipeline] = []
    private var isDraining = false

    init(
        tokenizer: WordPieceTokenizer, workers: WorkerPool, groupInstances: GroupInstances, drainTimeout: Duration,
        logger: Logger
    ) {
        self.tokenizer = tokenizer
        self.workers = workers
        self.groupInstances = groupInstances
        self.drainTimeout = drainTimeout
        self.logger = logger
        (starts, startsContinuation) = AsyncStream.makeStream(of: ServingPipeline.self)
    }

    var configurations: [PipelineConfiguration] { running.map(\.configuration) }

    /// In the order of the files.
    var statuses: [(configuration: PipelineConfiguration, status: PipelineStatus)] {
        running.map { ($0.configuration, $0.pipeline.status) }
    }

    /// The tap of a pipeline with the names of its tasks; nil if no pipeline has this name.
    func tap(of name: String) -> (tap: TextTap, tasks: [String])? {
        running.first { $0.configuration.name == name }.map { ($0.pipeline.tap, $0.configuration.tasks.map(\.name)) }
    }

    /// Starts a pipeline; it waits for its adapters by itself.
    ///
    /// - Parameter place: of its file among the others.
    func start(_ configuration: PipelineConfiguration, place: Int, liveAdapters: LiveAdapters) {
        guard !isDraining else { return }
        let pipeline = configuration.makeServingPipeline(
            groupInstanceID: groupInstances.id(of: configuration), tokenizer: tokenizer, liveAdapters: liveAdapters,
            workers: workers, drainTimeout: drainTimeout, logger: logger)
        running.insert(
            Running(configuration: configuration, place: place, pipeline: pipeline),
            at: running.firstIndex { $0.place > place } ?? running.endIndex)
        startsContinuation.yield(pipeline)
    }

    /// Gives pipelines other configurations: in place where one can take it over, else by a drain and a new start.
    func replace(_ replacements: [Replacement]) async {
        var restarts: [(replacement: Replacement, left: Running)] = []
        for replacement in replacements where replacement.old != replacement.new {
            guard let index = running.firstIndex(where: { $0.configuration == replacement.old }) else { continue }
            if replacement.old.canBecome(replacement.new) {
                update(&running[index], to: replacement.new)
            } else {
                restarts.append((replacement, running.remove(at: index)))
            }
        }
        let pipelines = restarts.map(\.left.pipeline)
        leaving += pipelines
        await drain(pipelines)
        leaving.removeAll { left in pipelines.contains { $0 === left } }
        // All names of before first: one of them may have another pipeline's name now.
        for (replacement, _) in restarts { removeSeries(of: replacement.old, without: replacement.new) }
        for (replacement, left) in restarts {
            start(replacement.new, place: left.place, liveAdapters: replacement.liveAdapters)
        }
    }

    /// Removes what `/metrics` has of a pipeline under a name, or of a task, that is not in its new configuration.
    private func removeSeries(of old: PipelineConfiguration, without new: PipelineConfiguration) {
        let pipeline = (name: "pipeline", value: old.name)
        guard new.name == old.name else { return PrometheusRegistry.shared.removeSeries(pipeline) }
        for task in old.tasks where new.task(task.name) == nil {
            PrometheusRegistry.shared.removeSeries(pipeline, (name: "task", value: task.name))
        }
    }

    private func update(_ running: inout Running, to new: PipelineConfiguration) {
        running.pipeline.update(
            settings: new.servingSettings(drainTimeout: drainTimeout), tasks: new.taskDefinitions, router: new.router,
            extractor: new.extractor)
        running.configuration = new
    }

    /// All at once, so that together they take no longer than one.
    private func drain(_ pipelines: [ServingPipeline]) async {
        await withTaskGroup(of: Void.self) { group in
            for pipeline in pipelines { group.addTask { await pipeline.drain() } }
        }
    }

    nonisolated func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                for await pipeline in starts {
                    group.addTask {
                        do { try await pipeline.run() } catch {
                            // The group cancels the other pipelines, but does not wake this loop.
                            self.startsContinuation.finish()
                            throw error
                        }
                    }
                }
                // Nothing starts any more; `drainAll` ends those that run.
            }
        } onCancelOrGracefulShutdown: {
            Task { await self.drainAll() }
        }
    }

    private func drainAll() async {
        isDraining = true
        startsContinuation.finish()
        await drain(running.map(\.pipeline) + leaving)
    }
}
