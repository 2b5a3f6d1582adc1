import AdapterRegistry
import BERT
import Connectors
import Foundation
import Kernels
import Pipelines

/// `lorikeet test`: runs a pipeline's own examples through base, tokenizer and adapters as the daemon would.
public enum ExampleRunner {
    public struct Options: Sendable {
        /// Ask the registry for live adapters first; otherwise only for tasks without an `adapter` folder.
        public var live: Bool
        public var workers: Int?
        public var environment: PipelineEnvironment

        public init(live: Bool = false, workers: Int? = nil, environment: PipelineEnvironment = .process) {
            (self.live, self.workers, self.environment) = (live, workers, environment)
        }
    }

    /// Classifies every example of the files.
    ///
    /// - Throws: status 78 for files, base and adapters; 1 if the registry has to be asked and cannot be.
    public static func run(
        files: [String], options: Options = Options()
    ) async throws(CommandFailure) -> ExampleReport {
        BLAS.configure()
        let configuration: DaemonConfiguration
        let loaded: LoadedBase
        do throws(ConfigurationError) {
            configuration = try DaemonConfiguration.read(files: files, environment: options.environment)
            loaded = try LoadedBase(configuration)
        } catch {
            throw CommandFailure(error)
        }
        var report = ExampleReport(results: [])
        for pipeline in configuration.pipelines where !pipeline.examples.isEmpty {
            let adapters = try await adapters(for: pipeline, of: configuration, loaded: loaded, options: options)
            report.results += results(pipeline, loaded: loaded, adapters: adapters, workers: options.workers)
        }
        return report
    }

    /// An adapter for each task that an example names.
    private static func adapters(
        for pipeline: PipelineConfiguration, of configuration: DaemonConfiguration, loaded: LoadedBase, options: Options
    ) async throws(CommandFailure) -> [String: Adapter] {
        let needed = Set(pipeline.examples.map(\.task))
        var adapters: [String: Adapter] = [:]
        if !options.live {
            do throws(ConfigurationError) {
                for task in pipeline.tasks
                where needed.contains(task.name) && task.adapter.map(LoadedBase.isFolder) == true {
                    adapters[task.name] = try loaded.firstAdapter(
                        of: task, in: pipeline, among: configuration.pipelines)
                }
            } catch {
                throw CommandFailure(error)
            }
        }
        let missing = pipeline.tasks.filter { needed.contains($0.name) && adapters[$0.name] == nil }
        guard !missing.isEmpty else { return adapters }
        return adapters.merging(try await liveAdapters(missing, pipeline, loaded: loaded)) { $1 }
    }

    private static func liveAdapters(
        _ tasks: [TaskConfiguration], _ pipeline: PipelineConfiguration, loaded: LoadedBase
    ) async throws(CommandFailure) -> [String: Adapter] {
        let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet test")
        let store = PostgresAdapterStore(settings)
        let live = LiveAdapters()
        let forms = Dictionary(uniqueKeysWithValues: tasks.map { ($0.name, $0.form) })
        let names = forms.keys.sorted().joined(separator: ", ")
        do {
            let outcome = try await live.refresh(from: store, tasks: forms, base: loaded.base)
            await store.close()
            if let (task, reason) = outcome.refused.min(by: { $0.key < $1.key }) {
                let problem = pipeline.problem(at: "tasks.\(task)", "the live adapter cannot be used: \(reason)")
                throw CommandFailure(.configuration, problem.description)
            }
            if let task = outcome.missing.first {
                let problem = pipeline.problem(
                    at: "tasks.\(task)", "no adapter folder, and the registry has no live adapter")
                throw CommandFailure(.configuration, problem.description)
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            await store.close()
            throw CommandFailure(.failed, "asking the registry for the adapters of \(names): \(error)")
        }
        return live.snapshot.adapters.mapValues(\.adapter)
    }

    private static func results(
        _ pipeline: PipelineConfiguration, loaded: LoadedBase, adapters: [String: Adapter], workers: Int?
    ) -> [ExampleReport.Result] {
        let tasks = adapters.keys.sorted()
        let examples = pipeline.examples
        let maxTokens = pipeline.batch.maxTokens(positions: loaded.base.configuration.positions)
        let inference = ParallelInference(
            base: loaded.base, workers: max(1, workers ?? ProcessInfo.processInfo.activeProcessorCount))
        let logits = inference.logits(
            count: examples.count, adapters: tasks.compactMap { adapters[$0] },
            assignments: { index in tasks.firstIndex(of: examples[index].task).map { [$0] } ?? [] },
            sequence: { loaded.tokenizer.encode(examples[$0].text, maxTokens: maxTokens) })
        return zip(examples, logits).compactMap { example, logits in
            guard let adapter = adapters[example.task], let taskLogits = logits.first else { return nil }
            return result(example, pipeline: pipeline, adapter: adapter, logits: taskLogits)
        }
    }

    private static func result(
        _ example: ExampleConfiguration, pipeline: PipelineConfiguration, adapter: Adapter, logits: [Float]
    ) -> ExampleReport.Result? {
        let answer = adapter.answer(logits)
        let threshold = pipeline.task(example.task)?.abstention?.threshold(for: adapter.manifest) ?? 0
        let isAbstained = answer.score < threshold
        let chosen = answer.chosen.map { adapter.labels[$0] }
        return ExampleReport.Result(
            file: pipeline.file, line: example.line, pipeline: pipeline.name, task: example.task, text: example.text,
            expected: example.labels.joined(separator: ", "), actual: chosen.joined(separator: ", "),
            score: answer.score,
            abstained: isAbstained, passed: Set(chosen) == Set(example.labels) && !isAbstained,
            adapterDigest: adapter.digest)
    }
}
