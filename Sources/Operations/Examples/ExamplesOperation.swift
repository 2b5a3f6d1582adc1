import AdapterRegistry
import BERT
import Connectors
import Drift
import FoundationEssentials
import Kernels
import Pipelines
import Synchronization

/// `lorikeet test`: runs a pipeline's own examples through base, tokenizer and adapters, as the daemon would.
public enum ExamplesOperation {
    /// Which adapters, and how.
    public struct Options: Sendable {
        /// Whether the adapter store's live adapters are used also where the file names a folder.
        public var live: Bool
        /// Threads that classify; nil: one per core.
        public var workers: Int?
        /// Where variables and relative paths are looked up.
        public var environment: PipelineEnvironment

        /// As `lorikeet test` without options.
        public init(live: Bool = false, workers: Int? = nil, environment: PipelineEnvironment = .process) {
            (self.live, self.workers, self.environment) = (live, workers, environment)
        }
    }

    /// Classifies every example of the files.
    ///
    /// - Throws: status 78 for files, base and adapters; 1 if the adapter store is needed and does not answer.
    public static func run(
        files: [String], options: Options = Options()
    ) async throws(CommandFailure) -> ExamplesReport {
        BLAS.configure()
        let configuration: DaemonConfiguration
        let loaded: LoadedBase
        do throws(ConfigurationError) {
            configuration = try DaemonConfiguration.read(files: files, environment: options.environment)
            loaded = try LoadedBase(configuration)
        } catch {
            throw CommandFailure(error)
        }
        var report = ExamplesReport(results: [])
        for pipeline in configuration.pipelines where !pipeline.examples.isEmpty {
            let adapters = try await adapters(for: pipeline, of: configuration, loaded: loaded, options: options)
            report.results += results(pipeline, loaded: loaded, adapters: adapters, workers: options.workers)
        }
        return report
    }

    /// An adapter, and how far texts are from what it knows.
    private struct TestedAdapter {
        let adapter: Adapter
        let drift: DriftMonitor
    }

    /// An adapter for each task that an example names.
    private static func adapters(
        for pipeline: PipelineConfiguration, of configuration: DaemonConfiguration, loaded: LoadedBase, options: Options
    ) async throws(CommandFailure) -> [String: TestedAdapter] {
        let needed = Set(pipeline.examples.map(\.task))
        let tasks = pipeline.tasks.filter { needed.contains($0.name) }
        return try await CommandFailure.wrapping {
            var adapters: [String: TestedAdapter] = [:]
            for task in tasks where !options.live {
                let first = try loaded.firstAdapter(of: task, in: pipeline, among: configuration.pipelines)
                guard let adapter = first else { continue }
                let drift = DriftMonitor(
                    adapterDigest: adapter.digest, labels: adapter.labels.count,
                    reference: try loaded.driftReference(of: adapter, of: task, in: pipeline))
                adapters[task.name] = TestedAdapter(adapter: adapter, drift: drift)
            }
            let others = tasks.filter { adapters[$0.name] == nil }
            guard !others.isEmpty else { return adapters }
            let live = try await LiveAdapters.required(
                of: others, in: pipeline, base: loaded.base,
                settings: PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet test"),
                missing: "no adapter folder, and the adapter store has no live adapter")
            return adapters.merging(
                live.snapshot.adapters.mapValues { TestedAdapter(adapter: $0.adapter, drift: $0.drift) }
            ) { $1 }
        }
    }

    private static func results(
        _ pipeline: PipelineConfiguration, loaded: LoadedBase, adapters: [String: TestedAdapter], workers: Int?
    ) -> [ExamplesReport.Result] {
        let maxTokens = pipeline.batch.maxTokens(positions: loaded.base.configuration.positions)
        let inference = ParallelInference(
            base: loaded.base, workers: max(1, workers ?? ProcessInfo.processInfo.activeProcessorCount))
        let examples = pipeline.examples
        let found = Mutex([ExamplesReport.Result?](repeating: nil, count: examples.count))
        for (task, tested) in adapters {
            let places = examples.indices.filter { examples[$0].task == task }
            let encoder = TextEncoder(
                tokenizer: loaded.tokenizer, maxTokens: maxTokens, longTexts: pipeline.task(task)?.longTexts)
            inference.forEachText(
                count: places.count, adapters: [tested.adapter], pool: encoder.pool,
                text: { encoder.encode(examples[places[$0]].text) }
            ) { text in
                let answer = tested.adapter.answer(text.pooled.logits)
                let distance = text.vector.withUnsafeBufferPointer {
                    tested.drift.distances($0, label: answer.best).relative
                }
                let place = places[text.text]
                let result = result(
                    examples[place], pipeline: pipeline, tested: tested, answer: answer, distance: distance)
                found.withLock { $0[place] = result }
            }
        }
        return found.withLock { $0.compactMap(\.self) }
    }

    private static func result(
        _ example: ExampleConfiguration, pipeline: PipelineConfiguration, tested: TestedAdapter, answer: Answer,
        distance: Double?
    ) -> ExamplesReport.Result {
        let (adapter, task) = (tested.adapter, pipeline.task(example.task))
        let threshold = task?.abstention?.threshold(for: adapter.manifest) ?? 0
        let isNoneOfThese = task?.noneOfThese?.holds(distance: distance, tested.drift.spread) ?? false
        let isAbstained = answer.score < threshold || isNoneOfThese
        let chosen = answer.chosen.map { adapter.labels[$0] }
        return ExamplesReport.Result(
            file: pipeline.file, line: example.line, pipeline: pipeline.name, task: example.task, text: example.text,
            expected: example.labels.joined(separator: ", "), actual: chosen.joined(separator: ", "),
            score: answer.score,
            abstained: isAbstained, passed: Set(chosen) == Set(example.labels) && !isAbstained,
            adapterDigest: adapter.digest)
    }
}
