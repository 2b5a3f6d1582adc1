import AdapterRegistry
import Foundation
import MetricsTestKit
import Serving
import TestSupport
import Testing

@testable import Connectors
@testable import Threading

/// A serving pipeline as the daemon has it, over a tiny model: two tasks, a real sink, and whatever source the test
/// brings. It keeps what an operator sees.
final class LivePipeline {
    static let tasks = ["mood", "topic"]

    let way: ServingPipeline
    let log: CapturedLog
    let metrics = TestMetrics()
    let sink: WatchedSink
    let source: WatchedSource
    private let database: SchemaDatabase
    private let pool: WorkerPool

    /// - Parameters:
    ///   - settings: how the sink reaches the database; directly by default.
    ///   - adjust: figures of the way; its waits are short by default.
    init(
        _ source: any TextSource, _ database: SchemaDatabase, settings: PostgresSettings? = nil,
        name: String = "packages",
        extractor: TextExtractor = .wholeMessage, log: CapturedLog = CapturedLog(), outbox: OutboxSettings? = nil,
        publication: Publication? = nil,
        _ adjust: (inout ServingSettings) -> Void = { _ in }
    ) throws {
        self.database = database
        self.log = log
        let model = try TinyModel.shared.get()
        let live = LiveAdapters()
        for (index, task) in Self.tasks.enumerated() {
            let adapter = try model.adapter(labels: ["a", "b"], seed: UInt64(index + 1))
            let version = AdapterVersion(
                task: task, version: 1, digest: adapter.digest, baseDigest: adapter.baseDigest, state: .live,
                createdAt: Date(timeIntervalSince1970: 0))
            live.swap(task: task, to: LiveAdapter(adapter: adapter, version: version))
        }
        pool = WorkerPool(base: model.base, workers: 1)
        sink = WatchedSink(
            PostgresLabelSink(settings ?? database.settings(), pipeline: name, outbox: outbox, logger: log.logger))
        self.source = WatchedSource(source)
        var figures = ServingSettings(pipeline: name)
        figures.batchDelay = .zero
        figures.maxTokens = 16
        figures.commitInterval = .milliseconds(10)
        figures.backoff = BackoffSettings(initial: .milliseconds(5), ceiling: .milliseconds(40))
        figures.drainPatience = .seconds(30)
        adjust(&figures)
        let tasks = Self.tasks.map { TaskDefinition(name: $0) }
        way = ServingPipeline(
            settings: figures, tasks: tasks, router: Router(routes: [Route(tasks: Self.tasks)]), extractor: extractor,
            source: self.source, sink: sink, publication: publication, tokenizer: model.tokenizer, liveAdapters: live,
            workers: pool,
            logger: log.logger,
            metrics: metrics)
    }

    /// From Kafka; what the source logs is kept as well.
    convenience init(
        reading settings: KafkaSourceSettings, _ database: SchemaDatabase, extractor: TextExtractor = .wholeMessage,
        _ adjust: (inout ServingSettings) -> Void = { _ in }
    ) throws {
        let log = CapturedLog()
        try self.init(KafkaTextSource(settings, logger: log.logger), database, extractor: extractor, log: log, adjust)
    }

    /// Runs the way while `body` does its part, then drains it; everything has ended when this returns.
    ///
    /// - Throws: what made the way stop by itself.
    func whileRunning(drains: Bool = true, _ body: () async throws -> Void) async throws {
        let workers = Task { [pool] in await pool.run() }
        let running = Task { [way] in try await way.run() }
        let checks: Result<Void, any Error>
        do { checks = .success(try await body()) } catch { checks = .failure(error) }
        if drains { await way.drain() }
        let result = await running.result
        workers.cancel()
        await workers.value
        try checks.get()
        try result.get()
    }

    // MARK: - What is to be true

    /// Waits until so many messages are stored, by label or as rejected.
    func waitUntilStored(_ messages: Int) async { await sink.state.wait { $0.messages.count >= messages } }

    /// Waits until the sink has failed so often in all.
    func waitForFailures(_ count: Int) async { await sink.state.wait { $0.failures.count >= count } }

    /// One line when it began, one when it ended, each attempt counted, ready again.
    func expectOutages(
        _ count: Int = 1, of side: String, causes: Set<String>? = nil, reason: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let began = log.outages(of: side)
        let ended = log.recoveries(of: side)
        #expect(began.count == count && ended.count == count, "\(log.lines.value)", sourceLocation: sourceLocation)
        if let reason {
            #expect(
                began.allSatisfy { $0.metadata["reason"]?.contains(reason) == true }, "\(began)",
                sourceLocation: sourceLocation)
        }
        let attempts = ended.compactMap { $0.metadata["attempts"].flatMap { Int64($0) } }.reduce(0, +)
        let counters = metrics.counters(label: MetricNames.retries).filter {
            $0.dimensions.contains { $0 == ("side", side) }
        }
        #expect(counters.map(\.totalValue).reduce(0, +) == attempts && attempts > 0, sourceLocation: sourceLocation)
        if let causes {
            let counted = Set(counters.flatMap(\.dimensions).filter { $0.0 == "cause" }.map(\.1))
            #expect(!counted.isEmpty && counted.isSubset(of: causes), "\(counted)", sourceLocation: sourceLocation)
        }
    }

    /// Lost 0, doubled 0: each offset of the topic has one row a task, or one in `rejected`.
    func expectEveryMessageOnce(_ messages: Int, rejected: Int = 0, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        try database.expectEveryMessageOnce(
            messages, tasks: Self.tasks, rejected: rejected, sourceLocation: sourceLocation)
    }
}

extension SchemaDatabase {
    func expectEveryMessageOnce(
        _ messages: Int, tasks: [String], rejected: Int = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let complete = try count(
            """
            SELECT count(*) FROM (
                SELECT FROM lorikeet.labels GROUP BY topic, "partition", "offset", produced_at
                HAVING count(*) = \(tasks.count) AND count(DISTINCT task) = \(tasks.count)) AS complete
            """)
        let rows = try count("SELECT count(*) FROM lorikeet.labels")
        let rejections = try count("SELECT count(*) FROM lorikeet.rejected")
        #expect(
            complete == messages - rejected, "lost \(messages - rejected - complete)", sourceLocation: sourceLocation)
        #expect(rows == (messages - rejected) * tasks.count, "doubled or halved", sourceLocation: sourceLocation)
        #expect(rejections == rejected, sourceLocation: sourceLocation)
    }
}

/// A sink that tells tests what became of each call.
final class WatchedSink: LabelSink {
    struct State: Sendable {
        /// Of calls that succeeded: each message once.
        var messages: Set<Place> = []
        var failures: [ConnectorError] = []
    }

    /// A message's place and time: what makes it itself.
    struct Place: Hashable, Sendable {
        let origin: Origin
        let producedAt: Int64?
    }

    let state = Watched(State())
    let sink: PostgresLabelSink

    init(_ sink: PostgresLabelSink) { self.sink = sink }

    func store(_ outcomes: [Outcome]) async throws(ConnectorError) -> StoreReceipt {
        do throws(ConnectorError) {
            let receipt = try await sink.store(outcomes)
            let places = outcomes.map { Place(origin: $0.message.origin, producedAt: $0.message.producedAt) }
            state.update { $0.messages.formUnion(places) }
            return receipt
        } catch {
            state.update { $0.failures.append(error) }
            throw error
        }
    }

    func close() async { await sink.close() }
}

/// A source that tells tests what became of each call.
final class WatchedSource: TextSource {
    struct State: Sendable {
        var polls = 0
        var read = 0
        var failures: [ConnectorError] = []
        var isPaused = false
        var committed: [SourcePartition: Int64] = [:]
        var assigned: Set<SourcePartition> = []
        var revocations = 0
        var losses = 0
        var resets: [String] = []
    }

    let state = Watched(State())
    private let source: any TextSource

    init(_ source: any TextSource) { self.source = source }

    var consumerGroup: String? { source.consumerGroup }

    func start(listener: any PartitionListener) async throws(ConnectorError) {
        try await source.start(listener: Listener(state: state, next: listener))
    }

    func next() async throws(ConnectorError) -> [SourceMessage] {
        do throws(ConnectorError) {
            let messages = try await source.next()
            state.update { state in
                state.polls += 1
                state.read += messages.count
            }
            return messages
        } catch {
            state.update { $0.failures.append(error) }
            throw error
        }
    }

    func pause() async throws(ConnectorError) {
        try await source.pause()
        state.update { $0.isPaused = true }
    }

    func resume() async throws(ConnectorError) {
        try await source.resume()
        state.update { $0.isPaused = false }
    }

    func commit(_ positions: [SourcePartition: Int64]) async throws(ConnectorError) {
        do throws(ConnectorError) {
            try await source.commit(positions)
            state.update { $0.committed.merge(positions) { $1 } }
        } catch {
            state.update { $0.failures.append(error) }
            throw error
        }
    }

    func lag() async -> [SourcePartition: Int64] { await source.lag() }
    func close() async { await source.close() }

    private struct Listener: PartitionListener {
        let state: Watched<State>
        let next: any PartitionListener

        func partitionsAssigned(_ partitions: [SourcePartition]) {
            next.partitionsAssigned(partitions)
            state.update { $0.assigned.formUnion(partitions) }
        }

        func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] {
            let positions = next.partitionsRevoked(partitions, lost: lost)
            state.update { state in
                state.assigned.subtract(partitions)
                state.revocations += 1
                if lost { state.losses += 1 }
            }
            return positions
        }

        func offsetReset(_ reason: String) {
            next.offsetReset(reason)
            state.update { $0.resets.append(reason) }
        }
    }
}
