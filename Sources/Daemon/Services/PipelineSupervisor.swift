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
        let pipeline: ServingPipeline
    }

    private let tokenizer: WordPieceTokenizer
    private let workers: WorkerPool
    private let groupInstances: GroupInstances
    private let drainTimeout: Duration
    private let logger: Logger
    private let starts: AsyncStream<ServingPipeline>
    private let startsContinuation: AsyncStream<ServingPipeline>.Continuation
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
    func start(_ configuration: PipelineConfiguration, liveAdapters: LiveAdapters) {
        guard !isDraining else { return }
        let pipeline = configuration.makeServingPipeline(
            groupInstanceID: groupInstances.id(of: configuration), tokenizer: tokenizer, liveAdapters: liveAdapters,
            workers: workers, drainTimeout: drainTimeout, logger: logger)
        running.append(Running(configuration: configuration, pipeline: pipeline))
        startsContinuation.yield(pipeline)
    }

    /// Gives a pipeline another configuration: in place where it can take it over, else by a drain and a new start.
    func replace(_ old: PipelineConfiguration, by new: PipelineConfiguration, liveAdapters: LiveAdapters) async {
        guard old != new, let index = running.firstIndex(where: { $0.configuration == old }) else { return }
        if old.canBecome(new) {
            running[index].pipeline.update(
                settings: new.servingSettings(drainTimeout: drainTimeout), tasks: new.taskDefinitions,
                router: new.router, extractor: new.extractor)
            running[index].configuration = new
            return
        }
        let pipeline = running.remove(at: index).pipeline
        leaving.append(pipeline)
        await pipeline.drain()
        leaving.removeAll { $0 === pipeline }
        if new.name != old.name { PrometheusRegistry.shared.removeSeries("pipeline", old.name) }
        start(new, liveAdapters: liveAdapters)
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

    /// All at once, so that together they take no longer than one.
    private func drainAll() async {
        isDraining = true
        startsContinuation.finish()
        await withTaskGroup(of: Void.self) { group in
            for pipeline in running.map(\.pipeline) + leaving { group.addTask { await pipeline.drain() } }
        }
    }
}
