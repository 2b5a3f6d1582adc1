import Synchronization
import Threading
import WordPiece

/// Stages 1 to 4: polls the source, reads and tokenises what comes, and holds it back while too much is in flight.
///
/// Commits happen in the same loop, between polls. Partitions come and go only during a poll, so a commit can never
/// reach the broker after its partition was given up.
final class Intake: Sendable {
    private let source: any TextSource
    private let tokenizer: WordPieceTokenizer
    private let plan: Mutex<ServingPlan>
    private let ledger: DeliveryLedger
    private let batches: BatchStage
    private let outcomes: OutcomeQueue
    private let telemetry: PipelineTelemetry
    private let clock: Clock
    private let wakeup = Wakeup()
    private let isStopping = Mutex(false)

    init(
        source: any TextSource, tokenizer: WordPieceTokenizer, plan: ServingPlan, ledger: DeliveryLedger,
        batches: BatchStage, outcomes: OutcomeQueue, telemetry: PipelineTelemetry, clock: Clock
    ) {
        self.source = source
        self.tokenizer = tokenizer
        self.plan = Mutex(plan)
        self.ledger = ledger
        self.batches = batches
        self.outcomes = outcomes
        self.telemetry = telemetry
        self.clock = clock
    }

    var settings: ServingSettings { plan.withLock { $0.settings } }

    func update(_ plan: ServingPlan) { self.plan.withLock { $0 = plan } }

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
        var committing = CommitSchedule(now: clock.now(), backoff: settings.backoff)
        var measuredAt: Duration?
        while !isStopping.withLock({ $0 }) {
            let now = clock.now()
            if committing.isDue(now, interval: settings.commitInterval) { try await commit(&committing) }
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
        CrashPoint.beforeOffsetCommit.pass()
        try await source.commit(positions)
        CrashPoint.afterOffsetCommit.pass()
        ledger.committed(positions)
        telemetry.committed(positions)
    }

    /// A commit that fails is tried again later, between polls: who does not poll drops out of the group.
    private func commit(_ schedule: inout CommitSchedule) async throws(SourceError) {
        do throws(SourceError) {
            try await commit()
            schedule.succeeded(at: clock.now())
            telemetry.cleared(.commit)
        } catch {
            guard error.action == .retry else { throw error }
            schedule.failed(at: clock.now())
            telemetry.blocked(.commit, reason: error.reason, cause: error.cause)
        }
    }

    /// Tries until it works; gives up quietly when the intake is to stop.
    private func persist(_ attempt: () async throws(SourceError) -> Void) async throws(SourceError) {
        var backoff = Backoff(settings.backoff)
        while true {
            do {
                try await attempt()
                return telemetry.cleared(.source)
            } catch {
                guard error.action == .retry else { throw error }
                telemetry.blocked(.source, reason: error.reason, cause: error.cause)
            }
            if isStopping.withLock({ $0 }) { return }
            await wakeup.wait(atMost: backoff.next(), clock: clock)
            if isStopping.withLock({ $0 }) { return }
        }
    }

    // MARK: - Messages

    /// So many texts of a poll go to the batcher together.
    private static let handover = 64

    private func accept(_ messages: [SourceMessage]) {
        guard !messages.isEmpty else { return }
        CrashPoint.afterPoll.pass()
        let start = clock.now()
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
        telemetry.received(messages.count, dropped: dropped.count, took: clock.now() - start)
        outcomes.append(finished)
        batches.add(prepared)
    }

    // MARK: - Back-pressure

    private func regulate(_ flow: inout FlowControl) async throws(SourceError) {
        let mustWait = telemetry.isBlocked(by: .sink) || telemetry.isBlocked(by: .commit)
        let change = flow.change(load: ledger.load, settings: settings, mustWait: mustWait)
        guard let change else { return }
        try await persist { () async throws(SourceError) in
            switch change {
            case .pause: try await self.source.pause()
            case .resume: try await self.source.resume()
            }
        }
        telemetry.paused(change == .pause)
    }

    private func measure() async {
        telemetry.stillJoining()
        telemetry.lagged(await source.lag())
        telemetry.metrics.record(telemetry.status(load: ledger.load, partitions: ledger.partitions.count))
        telemetry.metrics.record(oldestAge: ledger.oldestProducedAt.map { Double(clock.date() - $0) / 1000 })
    }
}

/// Decides when the source pauses: above the limits or while nothing can be stored or committed, until half of the limits is free again.
struct FlowControl {
    enum Change: Equatable {
        case pause
        case resume
    }

    private(set) var isPaused = false

    mutating func change(
        load: (messages: Int, bytes: Int), settings: ServingSettings, mustWait: Bool
    ) -> Change? {
        let isFull = load.messages >= settings.maximumInFlight || load.bytes >= settings.maximumInFlightBytes
        let isRelieved =
            load.messages <= settings.maximumInFlight / 2 && load.bytes <= settings.maximumInFlightBytes / 2
        if !isPaused, isFull || mustWait {
            isPaused = true
            return .pause
        }
        if isPaused, isRelieved, !mustWait {
            isPaused = false
            return .resume
        }
        return nil
    }
}
