import AdapterRegistry
import Connectors
import FoundationEssentials
import Kernels
import Logging
import Pipelines
import Serving
import Threading

/// `lorikeet relabel`: sends stored texts through the serving path again, with the live adapters, and replaces their
/// labels.
///
/// The table is the only state: rows that have what the live adapters give are skipped. The command can be killed at
/// any time and called again. Daemons may run at the same time: a row that one of them has written meanwhile is left as
/// it is.
public enum RelabelOperation {
    /// What to relabel, and how.
    public struct Request: Sendable {
        /// Only rows of these tasks; empty: of all tasks of the pipeline.
        public var tasks: [String] = []
        /// Only texts produced at this time or later.
        public var since: Date?
        /// Only texts produced before this time.
        public var until: Date?
        /// Only rows of the adapter whose digest begins with this.
        public var adapterDigest: String?
        /// Texts per second at most; nil: as fast as they are labelled.
        public var textsPerSecond: Double?
        /// Whether nothing is written.
        public var isDryRun = false
        /// Whether the former labels go to `labels_history`.
        public var keepsHistory = false
        /// Whether relabelled records are published again, by this run if no daemon publishes.
        public var publishes = false
        /// How many of the most changed texts a dry run shows.
        public var shownTexts = 10
        /// Compute threads.
        public var workers = 1
        /// Whether the process gives way to daemons on the same machine.
        public var isBackground = false
        /// Where variables and relative paths are looked up.
        public var environment = PipelineEnvironment.process

        /// Everything of the pipeline, with one worker.
        public init() {}
    }

    /// Relabels until every selected row has what the live adapters give. Returns early if the task is cancelled: what
    /// is done by then, stays.
    ///
    /// - Parameter progress: how many rows are done, of how many.
    /// - Throws: status 64 for the request; 78 for the file, the base, the adapters and the schema; 1 if the database
    ///   failed.
    public static func run(
        file: String, _ request: Request, logger: Logger,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(CommandFailure) -> RelabelReport {
        if request.isBackground { BackgroundProcess.giveWay() }
        BLAS.configure()
        // What the daemon computes in: rows in another type would be relabelled again and again.
        let serving = await ServingPrecision.resolve(files: [file], environment: request.environment)
        return try await CommandFailure.wrapping {
            let configuration = try DaemonConfiguration.read(files: [file], environment: request.environment)
            guard let pipeline = configuration.pipelines.first else { throw ConfigurationError([]) }
            let tasks = try tasks(of: request, in: pipeline)
            if request.publishes, pipeline.outboxSettings?.publishesLabels != true {
                throw CommandFailure(.usage, "--publish needs the key sink.kafka in \(pipeline.file)")
            }
            let run = Run(
                pipeline: pipeline, tasks: tasks, loaded: try LoadedBase(configuration, serving: serving),
                request: request, logger: logger,
                tally: RelabelTally(shownTexts: request.isDryRun ? request.shownTexts : 0, progress: progress))
            return try await run.report()
        }
    }

    private static func tasks(
        of request: Request, in pipeline: PipelineConfiguration
    ) throws -> [TaskConfiguration] {
        if request.tasks.isEmpty { return pipeline.tasks }
        for task in request.tasks { _ = try pipeline.requiredTask(task) }
        return pipeline.tasks.filter { request.tasks.contains($0.name) }
    }

    /// The parts of one call.
    private struct Run {
        let pipeline: PipelineConfiguration
        let tasks: [TaskConfiguration]
        let loaded: LoadedBase
        let request: Request
        let logger: Logger
        let tally: RelabelTally

        private var database: PostgresSettings {
            PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet relabel")
        }

        func report() async throws -> RelabelReport {
            try await DatabaseSchema.verify(database)
            let adapters = try await FollowedAdapters(
                of: tasks, in: pipeline, base: loaded.base, settings: database,
                missing: LiveAdapters.missing + ": let a daemon publish one, or name other tasks with --task",
                withShadows: false)
            var isComplete = true
            do {
                try await adapters.closing { adapters in
                    try await PostgresRelabelRows(database).closing { try await relabel($0, adapters) }
                }
            } catch  where Task.isCancelled {
                isComplete = false
            }
            var report = tally.report
            report.isComplete = isComplete
            report.isDryRun = request.isDryRun
            report.promotions = await adapters.replacements
            report.refused = await adapters.refused
            if request.publishes { report.note(await WaitingRecords.count(of: pipeline)) }
            try requireTexts(report)
            return report
        }

        /// One pass over the rows, and another one after each promotion that came meanwhile: rows that had been
        /// relabelled before it are old again.
        private func relabel(_ rows: PostgresRelabelRows, _ adapters: FollowedAdapters) async throws {
            let startedAt = try await rows.now()
            while true {
                try await refresh(adapters)
                let replacements = await adapters.replacements.count
                let selection = await selection(adapters, startedAt: startedAt)
                let ranges = try await rows.ranges(selection)
                tally.begin(rows: ranges.reduce(0) { $0 + $1.rows })
                if ranges.isEmpty { return }
                try await send(ranges, of: rows, adapters, startedAt: startedAt)
                try Task.checkCancellation()
                try await refresh(adapters)
                let isDone = await adapters.replacements.count == replacements
                if isDone || request.isDryRun { return }
            }
        }

        /// Waits for the database, as the serving path does.
        private func refresh(_ adapters: FollowedAdapters) async throws {
            var waits = Backoff(BackoffSettings())
            while true {
                do throws(ConnectorError) { return try await adapters.refresh() } catch {
                    guard error.action == .retry else { throw error }
                }
                try await Clock.system.sleep(waits.next())
            }
        }

        private func selection(_ adapters: FollowedAdapters, startedAt: Date) async -> RelabelSelection {
            var selection = RelabelSelection(pipeline: pipeline.name, targets: adapters.targets)
            (selection.since, selection.until) = (request.since, request.until)
            selection.adapterDigest = request.adapterDigest
            selection.formerDigests = await adapters.replacements.map(\.from)
            selection.startedAt = startedAt
            return selection
        }

        /// Runs a serving path over the ranges until each of their rows is relabelled or left as it is.
        private func send(
            _ ranges: [RelabelRange], of rows: PostgresRelabelRows, _ adapters: FollowedAdapters, startedAt: Date
        ) async throws {
            let inFlight = RelabelTextsInFlight()
            let source = RelabelTextSource(
                rows, ranges: ranges, inFlight: inFlight, textsPerSecond: request.textsPerSecond,
                select: { await selection(adapters, startedAt: startedAt) },
                noteWithoutText: { [tally] in tally.noteWithoutText($0) })
            let pool = WorkerPool(base: loaded.base, workers: request.workers)
            let serving = makeServingPipeline(source, inFlight: inFlight, live: adapters.live, workers: pool)
            try await BoundedServing.run(
                serving, over: source, on: pool, adapters: adapters, isBackground: request.isBackground)
            try Task.checkCancellation()
            guard inFlight.isEmpty else {
                throw CommandFailure(.failed, serving.status.waitingFor ?? "not every text was relabelled")
            }
        }

        private func makeServingPipeline(
            _ source: RelabelTextSource, inFlight: RelabelTextsInFlight, live: LiveAdapters, workers: WorkerPool
        ) -> ServingPipeline {
            let names = Set(tasks.map(\.name))
            let writer =
                request.isDryRun
                ? nil
                : PostgresRelabelWriter(
                    database, pipeline: pipeline.name, keepsHistory: request.keepsHistory,
                    outbox: request.publishes ? pipeline.outboxSettings : nil)
            var publication = request.publishes ? pipeline.makePublication(database, logger: logger) : nil
            publication?.patience = BoundedServing.drainTimeout
            return ServingPipeline(
                settings: servingSettings, tasks: pipeline.taskDefinitions.filter { names.contains($0.name) },
                router: RelabelTextSource.router(tasks: tasks.map(\.name)), extractor: .wholeMessage, source: source,
                sink: RelabelSink(writer: writer, inFlight: inFlight, note: { [tally] in tally.note($0) }),
                publication: publication, tokenizer: loaded.tokenizer, liveAdapters: live, workers: workers,
                logger: logger)
        }

        /// As the daemon's for everything that a label depends on. A text was decoded when it was stored.
        private var servingSettings: ServingSettings {
            var settings = pipeline.servingSettings(drainTimeout: BoundedServing.drainTimeout)
            settings.format = .text
            (settings.key, settings.markup) = (nil, nil)
            settings.storeText = false
            settings.maximumMessageBytes = .max
            // Nobody waits for a text, so every batch is full.
            settings.batchDelay = .milliseconds(500)
            // Enough for full batches, and little to finish after Ctrl-C.
            settings.maximumInFlight = 1024
            settings.maximumStored = 1024
            settings.maximumWaitingTokens = 1 << 17
            return settings
        }

        /// Says so if there is nothing that could be relabelled.
        private func requireTexts(_ report: RelabelReport) throws {
            guard report.withoutText > 0, report.withoutText == report.rows else { return }
            let rows = report.withoutText == 1 ? "the row has" : "the \(report.withoutText) rows have"
            guard pipeline.sink.storeText else {
                throw CommandFailure(
                    pipeline.problem(
                        at: "sink.store_text",
                        "is false, and \(rows) no stored text, so there is nothing to relabel"))
            }
            throw CommandFailure(.failed, "\(rows) no stored text any more, so there is nothing to relabel")
        }
    }
}
