import AdapterRegistry
import Logging
import Pipelines
import ServiceLifecycle
import Serving
import WordPiece

/// Runs the live ways of all pipelines; a reload replaces some of them. A way that ends with an error ends the daemon.
actor PipelineSupervisor: Service {
    /// A pipeline and its way.
    private struct Running {
        var configuration: PipelineConfiguration
        let way: ServingPipeline
    }

    private let tokenizer: WordPieceTokenizer
    private let workers: WorkerPool
    private let drainTimeout: Duration
    private let logger: Logger
    private let starts: AsyncStream<ServingPipeline>
    private let startsContinuation: AsyncStream<ServingPipeline>.Continuation
    private var running: [Running] = []
    /// Ways that were taken out by a reload and still drain.
    private var leaving: [ServingPipeline] = []
    private var isDraining = false

    init(tokenizer: WordPieceTokenizer, workers: WorkerPool, drainTimeout: Duration, logger: Logger) {
        self.tokenizer = tokenizer
        self.workers = workers
        self.drainTimeout = drainTimeout
        self.logger = logger
        (starts, startsContinuation) = AsyncStream.makeStream(of: ServingPipeline.self)
    }

    var configurations: [PipelineConfiguration] { running.map(\.configuration) }

    /// What each way does, in the order of the files.
    var statuses: [(configuration: PipelineConfiguration, status: PipelineStatus)] {
        running.map { ($0.configuration, $0.way.status) }
    }

    /// Starts the way of a pipeline; it waits for its adapters by itself.
    func start(_ configuration: PipelineConfiguration, liveAdapters: LiveAdapters) {
        guard !isDraining else { return }
        let way = configuration.makeServingPipeline(
            tokenizer: tokenizer, liveAdapters: liveAdapters, workers: workers, drainTimeout: drainTimeout,
            logger: logger)
        running.append(Running(configuration: configuration, way: way))
        startsContinuation.yield(way)
    }

    /// Brings one pipeline to another configuration: in place where its way can take it over, else by a drain and a new way.
    func replace(_ old: PipelineConfiguration, by new: PipelineConfiguration, liveAdapters: LiveAdapters) async {
        guard old != new, let index = running.firstIndex(where: { $0.configuration == old }) else { return }
        if old.canBecome(new) {
            running[index].way.update(
                settings: new.liveWaySettings(drainTimeout: drainTimeout), tasks: new.taskDefinitions,
                router: new.router,
                extractor: new.extractor)
            running[index].configuration = new
            return
        }
        let way = running.remove(at: index).way
        leaving.append(way)
        await way.drain()
        leaving.removeAll { $0 === way }
        start(new, liveAdapters: liveAdapters)
    }

    nonisolated func run() async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await withThrowingDiscardingTaskGroup { group in
                for await way in starts {
                    group.addTask {
                        do { try await way.run() } catch {
                            // The group cancels the other ways, but does not wake this loop.
                            self.startsContinuation.finish()
                            throw error
                        }
                    }
                }
                // Nobody starts ways any more; those that run end by `drainAll`.
            }
        } onCancelOrGracefulShutdown: {
            Task { await self.drainAll() }
        }
    }

    /// All ways at once, so that together they take no longer than one.
    private func drainAll() async {
        isDraining = true
        startsContinuation.finish()
        await withTaskGroup(of: Void.self) { group in
            for way in running.map(\.way) + leaving { group.addTask { await way.drain() } }
        }
    }
}
