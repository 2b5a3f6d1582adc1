import AdapterRegistry
import BERT
import Drift
import Foundation
import Logging
import MetricsTestKit
import Serving
import TestSupport
import Threading

/// A whole serving path over a tiny model, with a source and a sink in memory.
struct ServingHarness {
    let source: ScriptedTextSource
    let sink = RecordingLabelSink()
    let metrics = TestMetrics()
    let live = LiveAdapters()
    let model: TinyModel
    let pool: WorkerPool
    let way: ServingPipeline

    static let partition = SourcePartition(topic: "texts", partition: 0)

    /// - Parameter tasks: each gets a live adapter with the labels `a` and `b`; `nil` makes tasks without.
    init(
        tasks: [TaskDefinition] = [TaskDefinition(name: "role")], routes: [Route]? = nil,
        extractor: TextExtractor = .wholeMessage, source: ScriptedTextSource = ScriptedTextSource(),
        decoders: (any DecoderSource)? = nil, workers: Int = 2,
        clock: Clock = .system, haveAdapters: Bool = true, pool: WorkerPool? = nil, logger: Logger? = nil,
        settings adjust: (inout ServingSettings) -> Void = { _ in }
    ) throws {
        model = try TinyModel.shared.get()
        self.source = source
        self.pool = pool ?? WorkerPool(base: model.base, workers: workers, clock: clock)
        var settings = ServingSettings(pipeline: "test")
        settings.batchDelay = .zero
        settings.batchTokens = 64
        settings.maxTokens = 32
        settings.commitInterval = .zero
        settings.backoff = BackoffSettings(initial: .milliseconds(1), ceiling: .milliseconds(5))
        adjust(&settings)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        way = ServingPipeline(
            settings: settings, tasks: tasks, router: Router(routes: routes ?? [Route(tasks: tasks.map(\.name))]),
            extractor: extractor, source: source, decoders: decoders, sink: sink, tokenizer: model.tokenizer,
            liveAdapters: live,
            workers: self.pool, logger: logger ?? quiet, clock: clock, metrics: metrics)
        if haveAdapters {
            for (index, task) in tasks.enumerated() { try swap(task.name, seed: UInt64(index + 1)) }
        }
    }

    /// Puts an adapter of this seed to use.
    @discardableResult
    func swap(_ task: String, seed: UInt64) throws -> String {
        try swap(task, to: try model.adapter(labels: ["a", "b"], seed: seed), version: Int(seed))
    }

    /// Puts an adapter to use.
    @discardableResult
    func swap(_ task: String, to adapter: Adapter, version: Int, reference: DriftReference? = nil) throws -> String {
        let version = AdapterVersion(
            task: task, version: version, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
            createdAt: Date(timeIntervalSince1970: 0))
        live.swap(task: task, to: LiveAdapter(adapter: adapter, version: version, reference: reference))
        return adapter.digest
    }

    /// Runs way and workers while `body` does its checks, then drains; everything has ended when this returns.
    func whileRunning(drains: Bool = true, workersRun: Bool = true, _ body: () async throws -> Void) async throws {
        let workers = Task { if workersRun { await pool.run() } }
        let running = Task { try await way.run() }
        let checks: Result<Void, any Error>
        do { checks = .success(try await body()) } catch { checks = .failure(error) }
        sink.release()
        if drains { await way.drain() }
        let result = await running.result
        workers.cancel()
        await workers.value
        try checks.get()
        try result.get()
    }

    var committed: Int64? { source.state.value.committed[Self.partition] }

    static func texts(_ count: Int) -> [String] { (0..<count).map { "text number \($0)" } }
}
