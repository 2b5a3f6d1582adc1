import AdapterRegistry
import BERT
import Connectors
import Drift
import Files
import Glibc
import Kernels
import Logging
import Pipelines
import Reports
import Retraining
import Serving
import Threading
import Training

/// `lorikeet retrain`: one retraining, now.
public enum RetrainOperation {
    /// Trains a challenger on the labelled rows of a task, compares it with the champion, and promotes or rejects it.
    ///
    /// - Parameters:
    ///   - background: how the daemon starts it: at low priority, first to be killed when memory runs out, ended when
    ///     standard input closes.
    ///   - precision: the types in which the base computes, in place of what the file says: the daemon's own.
    ///   - fallsBack: whether layers may fall back to finer types, in place of what the file says: as in the daemon.
    ///   - trigger: `rows` if new rows started it, anything else for a person or a timer.
    ///   - clock: measures `time_limit`.
    ///   - endProcess: called if the run does not react to `time_limit`; nil: the process ends with status 1.
    ///   - progress: a line of progress for a person.
    /// - Throws: status 78 for the file, the base and the database's schema; 1 if training or the database failed, or
    ///   after `time_limit`.
    public static func run(
        task: String, file: String, background: Bool = false, precision: BasePrecision? = nil,
        fallsBack: Bool? = nil, trigger: String = "command",
        environment: PipelineEnvironment = .process, logger: Logger, clock: Clock = .system,
        endProcess: (@Sendable () -> Void)? = nil,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(CommandFailure) -> RetrainReport {
        let cancellation = Cancellation()
        if background {
            BackgroundProcess.leaveSession()
            BackgroundProcess.lowerPriority()
            BackgroundProcess.preferForOutOfMemoryKill()
            BackgroundProcess.onStandardInputClose { cancellation.cancel(askedToEnd) }
        }
        BLAS.configure()
        let serving =
            if let precision { ServingPrecision(precision) } else {
                await ServingPrecision.resolve(files: [file], environment: environment)
            }
        let run = try Run(
            task: task, file: file, serving: serving, fallsBack: fallsBack, environment: environment, logger: logger,
            isBackground: background)
        let limit = run.limit(
            clock, cancellation, progress: progress, endProcess: endProcess ?? { BackgroundProcess.end() })
        return try await CommandFailure.wrapping {
            try await limit.during {
                try await withTaskCancellationHandler {
                    try await run.outcome(
                        trigger: RetrainingTrigger(rawValue: trigger) ?? .command,
                        cancellation: { cancellation.reason },
                        progress: {
                            if background { BackgroundProcess.lowerPriority() }
                            progress($0)
                        })
                } onCancel: {
                    cancellation.cancel(askedToEnd)
                }
            }
        }
    }

    /// Why a run was cancelled that took no longer than it may.
    private static let askedToEnd = "it was asked to end"

    /// The parts of one run.
    private struct Run {
        let task: TaskConfiguration
        let pipeline: PipelineConfiguration
        let loaded: LoadedBase
        private let baseFolder: String
        /// Whether layers may fall back to finer types.
        private let fallsBack: Bool
        /// The adapter of the folder that the pipeline file names.
        let firstAdapter: Adapter?
        /// The rows that it was trained on.
        let firstTrainingRows: TrainingRowSet?
        /// The drift reference in its folder.
        let firstReference: DriftReference?
        let logger: Logger

        init(
            task name: String, file: String, serving: ServingPrecision?, fallsBack: Bool?,
            environment: PipelineEnvironment, logger: Logger, isBackground: Bool
        ) throws(CommandFailure) {
            do throws(ConfigurationError) {
                let configuration = try DaemonConfiguration.read(files: [file], environment: environment)
                guard let pipeline = configuration.pipelines.first else { throw ConfigurationError([]) }
                (self.pipeline, task) = (pipeline, try pipeline.requiredTask(name))
                loaded = try LoadedBase(configuration, serving: serving)
                baseFolder = configuration.base
                self.fallsBack = fallsBack ?? (configuration.dtype == .auto)
                firstAdapter = try loaded.firstAdapter(of: task, in: pipeline, among: [pipeline])
                if let firstAdapter {
                    firstTrainingRows = try loaded.trainingRows(of: firstAdapter, of: task, in: pipeline)
                    firstReference = try loaded.driftReference(of: firstAdapter, of: task, in: pipeline)
                } else {
                    (firstTrainingRows, firstReference) = (nil, nil)
                }
            } catch {
                throw CommandFailure(error)
            }
            var logger = logger
            // The daemon that started this process logs how it ended.
            if isBackground { logger.logLevel = max(logger.logLevel, .warning) }
            self.logger = logger
        }

        func outcome(
            trigger: RetrainingTrigger, cancellation: @escaping @Sendable () -> String?,
            progress: @escaping @Sendable (String) -> Void
        ) async throws -> RetrainReport {
            let settings = postgres
            try await DatabaseSchema.verify(settings)
            return try await PostgresAdapterStore(settings).closing { store in
                try await ensureChampion(store)
                return try await PostgresLabelledRowSource(settings, selection: pipeline.rowSelection).closing { rows in
                    let retraining = RetrainingPipeline(
                        base: loaded.base, tokenizer: loaded.tokenizer, store: store, rows: rows, journal: rows,
                        settings: retrainingSettings, logger: logger,
                        otherBase: { [baseFolder] in
                            try BERTBase(directory: baseFolder, precision: BasePrecision($0))
                        },
                        isUnavailability: { ($0 as? ConnectorError)?.action == .retry })
                    return RetrainReport(
                        try await retraining.run(
                            task: task.name, labels: task.labels, isMultiLabel: task.isMultiLabel, trigger: trigger,
                            progress: { progress($0.line) }, cancellation: cancellation))
                }
            }
        }

        private var postgres: PostgresSettings {
            PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet retrain")
        }

        /// Cancels the run after `time_limit`. What does not react soon ends with the process.
        func limit(
            _ clock: Clock, _ cancellation: Cancellation, progress: @escaping @Sendable (String) -> Void,
            endProcess: @escaping @Sendable () -> Void
        ) -> TimeLimit {
            let timeLimit = (pipeline.retrain ?? RetrainConfiguration()).timeLimit
            let (task, postgres) = (task.name, postgres)
            return TimeLimit(timeLimit, clock: clock) {
                let reason = TimeLimit.reason(timeLimit)
                cancellation.cancel(reason)
                guard (try? await clock.sleep(BackgroundProcess.cancellationGrace)) != nil else { return }
                progress("\(reason), and does not end by itself")
                // Work that hangs cannot do so itself.
                try? await PostgresLabelledRowSource(postgres).closing {
                    try await $0.clear(task: task, ofEndedProcess: getpid(), reason: reason)
                }
                if !Task.isCancelled { endProcess() }
            }
        }

        /// Publishes the adapter of the pipeline file where the registry has no live one, as a daemon does: the
        /// challenger has to beat it.
        private func ensureChampion(_ store: PostgresAdapterStore) async throws {
            guard let firstAdapter else { return }
            let (version, isNew) = try await store.ensureLive(
                task: task.name, first: firstAdapter, trainingRows: firstTrainingRows, reference: firstReference)
            if isNew { logger.notice("first adapter published", metadata: .adapter(version)) }
        }

        private var retrainingSettings: RetrainingSettings {
            let retrain = pipeline.retrain ?? RetrainConfiguration()
            var settings = RetrainingSettings()
            settings.training = retrain.trainingSettings(
                maxTokens: pipeline.batch.maxTokens(positions: loaded.base.configuration.positions))
            settings.training.longTexts = task.longTexts
            settings.maximumRows = retrain.maximumRows
            settings.mapping = task.mapping
            settings.trust = retrain.trust
            settings.gate = retrain.gate
            settings.fallsBack = fallsBack
            settings.storesTexts = pipeline.sink.storeText
            settings.distillation = retrain.distillation
            settings.pipelineFile = pipeline.fileDigest
            settings.newestShare = retrain.newestHoldOut
            settings.maximumLooks = retrain.maximumLooks
            settings.minimumPromotionInterval = retrain.minimumPromotionInterval
            settings.shadow = retrain.shadow
            return settings
        }
    }
}

extension TrainingProgress {
    /// A line for a person.
    fileprivate var line: String {
        if let notice { return notice }
        func rounded(_ value: Double, _ scale: Double) -> String {
            let rounded = (value * scale).rounded() / scale
            return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : String(rounded)
        }
        let findings = (finishedEpoch?.findings ?? []).map { "; \($0)" }.joined()
        return "epoch \(epoch) of \(epochs), step \(step) of \(steps): loss \(rounded(loss, 1000)), "
            + "\(rounded(documentsPerSecond, 1)) texts/s, \(rounded(secondsLeft, 1)) s left\(findings)"
    }
}
