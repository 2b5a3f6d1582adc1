import Synchronization
import WordPiece

/// Stages 1 to 4: polls the source, reads and tokenises what comes, and holds it back while too much is in flight.
///
/// Commits happen in the same loop, between polls. Partitions come and go only during a poll, so a commit can never
/// reach the broker after its partition was given up.
final class Intake: Sendable {
    private let source: any TextSource
    private let tokenizer: WordPieceTokenizer
    private let plan: Mutex<LivePlan>
    private let ledger: DeliveryLedger
    private let batches: BatchStage
    private let outcomes: OutcomeQueue
    private let board: LiveBoard
    private let timepiece: Timepiece
    private let wakeup = Wakeup()
    private let isStopping = Mutex(false)

    init(
        source: any TextSource, tokenizer: WordPieceTokenizer, plan: LivePlan, ledger: DeliveryLedger,
        batches: BatchStage, outcomes: OutcomeQueue, board: LiveBoard, timepiece: Timepiece
    ) {
        self.source = source
        self.tokenizer = tokenizer
        self.plan = Mutex(plan)
        self.ledger = ledger
        self.batches = batches
        self.outcomes = outcomes
        self.board = board
        self.timepiece = timepiece
    }

    var settings: LiveWaySettings { plan.withLock { $0.settings } }

    func update(_ plan: LivePlan) { self.plan.withLock { $0 = plan } }

    /// The loop ends after the poll that it is in.
    func stop() {
        isStopping.withLock { $0 = true }
        wakeup.signal()
    }

    // MARK: - The loop

    /// Polls until ``stop()``. Throws only what no waiting can mend.
    func run(listener: any PartitionListener) async throws(SourceError) {
        try await persist { () async throws(SourceError) in try await self.source.start(listener: listener) }
        var flow = FlowControl()
        var committedAt = timepiece.now()
        var measuredAt: Duration?
        while !isStopping.withLock({ $0 }) {
            let now = timepiece.now()
            if now - committedAt >= settings.commitInterval {
                try await persist { () async throws(SourceError) in try await self.commit() }
                committedAt = timepiece.now()
            }
            try await regulate(&flow)
            try await persist { () async throws(SourceError) in self.accept(try await self.source.next()) }
            if measuredAt.map({ now - $0 >= .seconds(1) }) ?? true {
                measuredAt = now
                await measure()
            }
        }
    }

    /// Commits what is stored and not committed yet.
    func commit() async throws(SourceError) {
        let positions = ledger.committable
        guard !positions.isEmpty else { return }
        try await source.commit(positions)
        ledger.committed(positions)
        board.committed(positions)
    }

    /// Tries until it works; gives up quietly when the intake is to stop.
    private func persist(_ attempt: () async throws(SourceError) -> Void) async throws(SourceError) {
        var backoff = Backoff(settings.backoff)
        while true {
            do {
                try await attempt()
                return board.cleared(.source)
            } catch {
                guard error.action == .retry else { throw error }
                board.blocked(.source, reason: error.reason)
            }
            if isStopping.withLock({ $0 }) { return }
            await wakeup.wait(atMost: backoff.next(), timepiece: timepiece)
            if isStopping.withLock({ $0 }) { return }
        }
    }

    // MARK: - Messages

    /// So many texts of a poll go to the batcher together.
    private static let handover = 64

    private func accept(_ messages: [SourceMessage]) {
        guard !messages.isEmpty else { return }
        let start = timepiece.now()
        let plan = plan.withLock { $0 }
        var prepared: [PreparedText] = []
        var finished: [FinishedText] = []
        var dropped: [DeliveryTracker.Ticket] = []
        for (message, ticket) in zip(messages, ledger.receive(messages)) {
            guard let ticket else { continue }
            switch plan.enter(message, ticket: ticket, tokenizer: tokenizer, now: start) {
            case .prepared(let text):
                prepared.append(text)
                // Workers can begin while the rest of a long poll is still being read.
                if prepared.count == Self.handover {
                    batches.add(prepared)
                    prepared.removeAll(keepingCapacity: true)
                }
            case .finished(let text):
                if case .dropped = text.outcome { dropped.append(ticket) } else { finished.append(text) }
            }
        }
        if !dropped.isEmpty { ledger.settle(dropped) }
        board.received(messages.count, dropped: dropped.count, took: timepiece.now() - start)
        outcomes.append(finished)
        batches.add(prepared)
    }

    // MARK: - Back-pressure

    private func regulate(_ flow: inout FlowControl) async throws(SourceError) {
        let change = flow.change(load: ledger.load, settings: settings, sinkIsAway: board.isBlocked(by: .sink))
        guard let change else { return }
        try await persist { () async throws(SourceError) in
            switch change {
            case .pause: try await self.source.pause()
            case .resume: try await self.source.resume()
            }
        }
        board.paused(change == .pause)
    }

    private func measure() async {
        board.lagged(await source.lag())
        board.metrics.record(board.status(load: ledger.load, partitions: ledger.partitions.count))
    }
}

/// Decides when the source pauses: above the limits or while the sink is away, until half of the limits is free again.
struct FlowControl {
    enum Change: Equatable {
        case pause
        case resume
    }

    private(set) var isPaused = false

    mutating func change(
        load: (messages: Int, bytes: Int), settings: LiveWaySettings, sinkIsAway: Bool
    ) -> Change? {
        let isFull = load.messages >= settings.maximumInFlight || load.bytes >= settings.maximumInFlightBytes
        let isRelieved =
            load.messages <= settings.maximumInFlight / 2 && load.bytes <= settings.maximumInFlightBytes / 2
        if !isPaused, isFull || sinkIsAway {
            isPaused = true
            return .pause
        }
        if isPaused, isRelieved, !sinkIsAway {
            isPaused = false
            return .resume
        }
        return nil
    }
}
