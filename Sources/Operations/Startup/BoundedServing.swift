import AdapterRegistry
import Connectors
import Logging
import Pipelines
import Serving

/// Runs the serving path of a pipeline over a source that ends, until everything that came from it is settled.
///
/// It is the path of the daemon, with its batches, its adapters and its sink; daemons may run at the same time.
struct BoundedServing: Closable {
    let pipeline: PipelineConfiguration
    let loaded: LoadedBase
    let adapters: FollowedAdapters
    let workers: Int
    let logger: Logger
    /// Whether it publishes its records, where the pipeline file says so.
    var publishes = true
    /// The one task whose rows it writes; nil: all.
    var onlyTask: String?
    /// Whether the process gets the lowest priority.
    var isBackground = false

    /// How long an interrupted run waits for what is in flight, and how long any run goes on publishing.
    static let drainTimeout = Duration.seconds(10)
    private static let reportInterval = Duration.milliseconds(200)
    /// How often, in such intervals, the adapter store is asked which adapters are live: as often as a daemon asks.
    private static let roundsPerRefresh = 5
    /// How often threads get the lowest priority.
    private static let roundsPerPriority = 25

    /// Ends when all is settled. If the task is cancelled, it reads nothing more, finishes what is in flight and
    /// returns; what is in flight after some seconds is abandoned.
    ///
    /// - Throws: `ServingError` if source or sink failed for good.
    func run(
        _ source: any BoundedTextSource, progress: @escaping @Sendable (PipelineStatus) -> Void
    ) async throws -> PipelineStatus {
        let pool = WorkerPool(base: loaded.base, workers: workers)
        let serving = pipeline.makeServingPipeline(
            source: source, publishes: publishes, publishingPatience: Self.drainTimeout, onlyTask: onlyTask,
            tokenizer: loaded.tokenizer, liveAdapters: adapters.live, workers: pool, drainTimeout: Self.drainTimeout,
            logger: logger)
        let result: Result<Void, any Error>
        do {
            try await Self.run(
                serving, over: source, on: pool, adapters: adapters, isBackground: isBackground,
                watch: { progress(serving.status) })
            result = .success(())
        } catch {
            result = .failure(error)
        }
        progress(serving.status)
        try result.get()
        return serving.status
    }

    /// As ``run(_:progress:)``, for a serving path with another sink.
    ///
    /// - Parameters:
    ///   - adapters: those of the serving path. While the adapter store is unavailable, they stay.
    ///   - watch: called some times per second.
    static func run(
        _ serving: ServingPipeline, over source: any BoundedTextSource, on pool: WorkerPool,
        adapters: FollowedAdapters, isBackground: Bool, watch: @escaping @Sendable () -> Void = {}
    ) async throws {
        let working = Task { await pool.run() }
        let watching = Task {
            var rounds = 0
            while !Task.isCancelled {
                // Threads that start meanwhile may have the usual priority.
                if isBackground, rounds.isMultiple(of: roundsPerPriority) { BackgroundProcess.lowerPriority() }
                rounds += 1
                watch()
                if rounds.isMultiple(of: roundsPerRefresh) { try? await adapters.refresh() }
                try? await Task.sleep(for: reportInterval)
            }
        }
        let finishing = Task { await finish(serving, source) }
        let running = Task { try await serving.run() }
        let result = await withTaskCancellationHandler {
            await running.result
        } onCancel: {
            Task { await serving.drain() }
        }
        for task in [watching, finishing, working] { task.cancel() }
        for task in [watching, finishing, working] { await task.value }
        try result.get()
    }

    /// Drains once all that was handed out is settled, however long that takes: while the database is unavailable,
    /// nothing is given up.
    private static func finish(_ serving: ServingPipeline, _ source: any BoundedTextSource) async {
        await source.untilHandedOut()
        await serving.untilIdle()
        await serving.drain()
    }
}

extension BoundedServing {
    /// What a command must have before it runs a serving path: the schema, the base and the live adapters.
    ///
    /// - Parameters:
    ///   - pipeline: as the command runs it.
    ///   - configuration: what its file says.
    ///   - environment: that of the file.
    /// - Throws: status 78 for the base, the adapters and the schema; 1 if the database does not answer.
    static func prepared(
        _ pipeline: PipelineConfiguration, of configuration: DaemonConfiguration, environment: PipelineEnvironment,
        onlyTask: String? = nil, workers: Int, isBackground: Bool, logger: Logger
    ) async throws -> BoundedServing {
        if isBackground { BackgroundProcess.giveWay() }
        let settings = PostgresSettings(
            dsn: pipeline.sink.postgres.value, applicationName: "lorikeet \(pipeline.name)")
        try await DatabaseSchema.verify(settings)
        let serving = await ServingPrecision.resolve(files: [pipeline.file], environment: environment)
        let loaded = try LoadedBase(configuration, serving: serving)
        let adapters = try await FollowedAdapters(
            of: pipeline.tasks, in: pipeline, base: loaded.base, settings: settings,
            missing: "the adapter store has no live adapter: start a daemon, which publishes the adapter of the file, "
                + "or run `lorikeet adapters import` with --promote")
        return BoundedServing(
            pipeline: pipeline, loaded: loaded, adapters: adapters, workers: workers, logger: logger,
            onlyTask: onlyTask,
            isBackground: isBackground)
    }

    /// Closes the connection to the adapter store.
    func close() async { await adapters.close() }
}
