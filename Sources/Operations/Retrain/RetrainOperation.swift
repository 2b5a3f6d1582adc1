import BERT
import Connectors
import Foundation
import Kernels
import Logging
import Pipelines
import Retraining

/// `lorikeet retrain`: one run of the retraining path, now.
public enum RetrainOperation {
    /// Trains a challenger from the labelled rows of a task, compares, promotes or rejects it.
    ///
    /// - Parameters:
    ///   - background: lowers this process's priority, offers it first when memory is out, and ends when standard input closes: how the
    ///     daemon starts it.
    ///   - trigger: `rows` if new rows set it off, anything else for a person or a timer.
    ///   - progress: a line of progress for a person.
    /// - Throws: status 78 for the file, the base and the database's schema; 1 if training or the database failed.
    public static func run(
        task: String, file: String, background: Bool = false, trigger: String = "command",
        environment: PipelineEnvironment = .process, logger: Logger,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(CommandFailure) -> RetrainReport {
        let cancellation = Cancellation()
        if background {
            BackgroundProcess.lowerPriority()
            BackgroundProcess.goFirstWhenMemoryIsOut()
            BackgroundProcess.whenStandardInputCloses { cancellation.cancel() }
        }
        BLAS.configure()
        let run = try Run(task: task, file: file, environment: environment, logger: logger, isBackground: background)
        do {
            return try await withTaskCancellationHandler {
                try await run.outcome(
                    trigger: RetrainingTrigger(rawValue: trigger) ?? .command,
                    isCancelled: { cancellation.isCancelled },
                    progress: progress)
            } onCancel: {
                cancellation.cancel()
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as DatabaseError {
            throw CommandFailure(error.action == .stop ? .configuration : .failed, "database: \(error)")
        } catch {
            throw CommandFailure(.failed, "\(error)")
        }
    }

    /// The parts of one run.
    private struct Run {
        let task: TaskConfiguration
        let pipeline: PipelineConfiguration
        let loaded: LoadedBase
        /// The adapter that the pipeline file names.
        let first: Adapter?
        let logger: Logger

        init(
            task name: String, file: String, environment: PipelineEnvironment, logger: Logger, isBackground: Bool
        ) throws(CommandFailure) {
            do throws(ConfigurationError) {
                let configuration = try DaemonConfiguration.read(files: [file], environment: environment)
                guard let pipeline = configuration.pipelines.first, let task = pipeline.task(name) else {
                    let known = configuration.pipelines.flatMap(\.tasks).map(\.name)
                    let message = "no task \(name) here" + Suggestion.text(for: name, among: known)
                    throw ConfigurationError([ConfigurationProblem(file: file, key: "tasks", message: message)])
                }
                (self.task, self.pipeline) = (task, pipeline)
                loaded = try LoadedBase(configuration)
                first = try loaded.keptTasks(of: [pipeline])[name]?.first
            } catch {
                throw CommandFailure(error)
            }
            var logger = logger
            // The daemon that started this process reports how it ended.
            if isBackground { logger.logLevel = max(logger.logLevel, .warning) }
            self.logger = logger
        }

        func outcome(
            trigger: RetrainingTrigger, isCancelled: @escaping @Sendable () -> Bool,
            progress: @escaping @Sendable (String) -> Void
        ) async throws -> RetrainReport {
            let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet retrain")
            try await DatabaseSchema.verify(settings)
            let store = PostgresAdapterStore(settings)
            let rows = PostgresLabelledRowSource(settings)
            let way = RetrainingPipeline(
                base: loaded.base, tokenizer: loaded.tokenizer, store: store, rows: rows,
                settings: learningSettings, logger: logger)
            let result: Result<RetrainingOutcome, any Error>
            do {
                try await ensureChampion(store)
                result = .success(
                    try await way.run(
                        task: task.name, labels: task.labels, isMultiLabel: task.isMultiLabel, trigger: trigger,
                        progress: { progress(ProgressText.line($0)) }, isCancelled: isCancelled))
            } catch {
                result = .failure(error)
            }
            await rows.close()
            await store.close()
            return RetrainReport(try result.get())
        }

        /// Publishes the adapter of the pipeline file where the registry has no live one, as a daemon does at its start: it is
        /// what a challenger has to beat.
        private func ensureChampion(_ store: PostgresAdapterStore) async throws {
            guard let first else { return }
            let (version, isNew) = try await store.ensureLive(task: task.name, first: first)
            guard isNew else { return }
            logger.notice(
                "first adapter published", metadata: ["task": "\(task.name)", "version": "\(version.version)"])
        }

        private var learningSettings: RetrainingSettings {
            let retrain = pipeline.retrain ?? RetrainConfiguration()
            var settings = RetrainingSettings()
            settings.training = retrain.trainingSettings(
                maxTokens: pipeline.batch.maxTokens(positions: loaded.base.configuration.positions))
            settings.maximumRows = retrain.maximumRows
            settings.gate = PromotionGate(minimumGain: retrain.minimumGain, minimumHoldOut: retrain.minimumHoldOut)
            return settings
        }
    }
}
