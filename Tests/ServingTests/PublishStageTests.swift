import CoreMetrics
import TestSupport
import Testing

@testable import Serving
@testable import Threading

/// The stage over an outbox and a publisher in memory. A stage that is told to stop publishes what is there, then ends.
@Suite struct PublishStageTests {
    private static let away = ConnectorError(action: .retry, reason: "the broker is away", cause: "_TRANSPORT")
    private static let tooLarge = ConnectorError(action: .reject, reason: "too large", cause: "MSG_SIZE_TOO_LARGE")

    private func run(
        _ outbox: MemoryOutbox, _ publisher: ScriptedPublisher, maximumRecords: Int = 100
    ) async -> (log: CapturedLog, availability: AvailabilityMonitor) {
        let log = CapturedLog()
        let telemetry = PipelineTelemetry(
            pipeline: "packages", logger: log.logger, clock: .system, metrics: NOOPMetricsHandler.instance)
        let availability = AvailabilityMonitor(telemetry: telemetry, clock: .system)
        var publication = Publication(outbox: outbox, publisher: publisher)
        publication.maximumRecords = maximumRecords
        publication.patience = .seconds(60)
        let stage = PublishStage(
            publication, availability: availability, telemetry: telemetry, clock: .system,
            backoff: BackoffSettings(initial: .milliseconds(1), ceiling: .milliseconds(2)))
        stage.stop()
        await stage.run()
        return (log, availability)
    }

    @Test func everythingIsPublishedInOrderAndRemoved() async {
        let outbox = MemoryOutbox(1...250)
        let publisher = ScriptedPublisher()
        _ = await run(outbox, publisher)
        #expect(await publisher.acknowledged == Array(1...250))
        #expect(await publisher.sent.map(\.count) == [100, 100, 50])
        #expect(await outbox.waiting.isEmpty)
        #expect(await outbox.isClosed)
    }

    /// Without an acknowledgement nothing leaves the outbox.
    @Test func whatFailsStaysInTheOutbox() async {
        let outbox = MemoryOutbox(1...5)
        let publisher = ScriptedPublisher { record in record.id < 3 ? .acknowledged : .failed(Self.away) }
        _ = await run(outbox, publisher)
        #expect(await outbox.waiting.map(\.id) == [3, 4, 5])
        #expect(await publisher.abandonments > 0)
    }

    @Test func anUnavailableTopicLosesNothing() async {
        let outbox = MemoryOutbox(1...5)
        let publisher = ScriptedPublisher(failures: [Self.away])
        _ = await run(outbox, publisher)
        #expect(await outbox.waiting.count == 5)
        #expect(await publisher.acknowledged.isEmpty)
    }

    /// There are more records of the topic that takes nothing than a round has.
    @Test func aTopicThatTakesNothingBlocksNoOther() async {
        let outbox = MemoryOutbox(1...40, rejected: 1...25)
        let publisher = ScriptedPublisher { record in
            record.kind == .rejected ? .blocked(Self.away) : .acknowledged
        }
        let (_, availability) = await run(outbox, publisher, maximumRecords: 10)
        #expect(await publisher.acknowledged == Array(26...40))
        #expect(await outbox.waiting.map(\.id) == Array(1...25))
        #expect(availability.publisherReason?.contains("the broker is away") == true)
        // Not with each round.
        #expect(await publisher.sent.joined().count { $0 <= 25 } == 10)
    }

    /// The broker refuses every batch with record 6 in it: only that one is rejected, all others are published.
    @Test func oneRecordAtFaultBlocksNoOther() async {
        let outbox = MemoryOutbox(1...20)
        let publisher = ScriptedPublisher(poison: 6, refusal: Self.tooLarge)
        let (log, _) = await run(outbox, publisher)
        #expect(await outbox.rejected.map(\.id) == [6])
        #expect(await outbox.waiting.isEmpty)
        #expect(await publisher.acknowledged == (1...20).filter { $0 != 6 })
        #expect(log.lines.value.count { "\($0)".contains("broker refused a record") } == 1)
    }

    @Test func aProcessWithoutTheLeasePublishesNothing() async {
        let outbox = MemoryOutbox(1...5, isHeldByAnother: true)
        let publisher = ScriptedPublisher()
        _ = await run(outbox, publisher)
        #expect(await outbox.waiting.count == 5)
        #expect(await publisher.sent.isEmpty)
    }

    /// The record was stored again while its first version was on its way.
    @Test func aNewerRevisionIsPublishedAsWell() async {
        let outbox = MemoryOutbox(1...2)
        let publisher = ScriptedPublisher { record in
            if record.id == 1, record.revision == 1 { await outbox.storeAgain(1) }
            return .acknowledged
        }
        _ = await run(outbox, publisher)
        #expect(await publisher.acknowledged == [1, 2, 1])
        #expect(await outbox.waiting.isEmpty)
    }
}

private actor MemoryOutbox: Outbox {
    private(set) var waiting: [OutboxRecord]
    private(set) var rejected: [OutboxRecord] = []
    private(set) var isClosed = false
    private let isHeldByAnother: Bool

    /// - Parameter rejected: those that are of the kind `rejected`.
    init(_ ids: ClosedRange<Int64>, rejected: ClosedRange<Int64> = 0...0, isHeldByAnother: Bool = false) {
        waiting = ids.map { Self.record($0, revision: 1, kind: rejected.contains($0) ? .rejected : .labels) }
        self.isHeldByAnother = isHeldByAnother
    }

    private static func record(_ id: Int64, revision: Int64, kind: OutboxKind = .labels) -> OutboxRecord {
        OutboxRecord(
            id: id, revision: revision, kind: kind, origin: Origin(topic: "texts", partition: 0, offset: id),
            producedAt: 0, message: OutgoingMessage(key: nil, payload: [1], headers: []))
    }

    func storeAgain(_ id: Int64) {
        waiting = waiting.map { $0.id == id ? Self.record(id, revision: $0.revision + 1) : $0 }
    }

    func next(limit: Int, omitting omitted: Set<OutboxKind>) -> [OutboxRecord]? {
        isHeldByAnother ? nil : Array(waiting.filter { !omitted.contains($0.kind) }.prefix(limit))
    }
    func keep() -> Bool { !isHeldByAnother }

    func remove(_ records: [OutboxRecord]) {
        waiting.removeAll { row in records.contains { $0.id == row.id && $0.revision == row.revision } }
    }

    func reject(_ record: OutboxRecord, reason: String) {
        waiting.removeAll { $0.id == record.id }
        rejected.append(record)
    }

    func depth() -> OutboxDepth { OutboxDepth(rows: waiting.count, oldestAge: .zero) }
    func close() { isClosed = true }
}

private actor ScriptedPublisher: RecordPublisher {
    private(set) var sent: [[Int64]] = []
    private(set) var acknowledged: [Int64] = []
    private(set) var abandonments = 0
    private var failures: [ConnectorError]
    private var pending: [OutboxRecord] = []
    private let poison: Int64?
    private let refusal: ConnectorError?
    private let answer: @Sendable (OutboxRecord) async -> PublicationResult

    /// - Parameters:
    ///   - failures: of the first calls, one each.
    ///   - poison: the record for which the broker refuses a whole batch.
    init(
        failures: [ConnectorError] = [], poison: Int64? = nil, refusal: ConnectorError? = nil,
        answer: @escaping @Sendable (OutboxRecord) async -> PublicationResult = { _ in .acknowledged }
    ) {
        (self.failures, self.poison, self.refusal, self.answer) = (failures, poison, refusal, answer)
    }

    func publish(_ records: [OutboxRecord]) throws(ConnectorError) {
        if !failures.isEmpty { throw failures.removeFirst() }
        sent.append(records.map(\.id))
        pending = records
    }

    func report() async -> PublisherReport {
        var report = PublisherReport()
        let records = pending
        pending = []
        let isRefused = records.contains { $0.id == poison }
        for record in records {
            var result = await answer(record)
            if isRefused, let refusal { result = .refused(refusal, isCertain: false) }
            if result == .acknowledged { acknowledged.append(record.id) }
            report.results.append((record.id, result))
        }
        return report
    }

    func abandon() {
        abandonments += 1
        pending = []
    }
}
