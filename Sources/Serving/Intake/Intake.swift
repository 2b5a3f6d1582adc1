import Synchronization
import Threading
import WordPiece

/// Stages 1 to 4: polls the source, reads and tokenizes each message, and applies back-pressure.
///
/// The same loop commits, between polls. Partitions are assigned and revoked only during a poll, so no commit reaches
/// the broker after its partition was revoked.
final class Intake: Sendable {
    private let source: any TextSource
    private let tokenizer: WordPieceTokenizer
    /// `nil`: no registry is asked.
    private let decoders: (any DecoderSource)?
    private let undecoded = UndecodedMessages()
    private let plan: Mutex<ServingPlan>
    private let ledger: DeliveryLedger
    private let batches: BatchStage
    private let outcomes: OutcomeQueue
    private let availability: AvailabilityMonitor
    private let telemetry: PipelineTelemetry
    private let clock: Clock
    private let wakeup = Wakeup()
    private let isStopping = Mutex(false)

    init(
        source: any TextSource, decoders: (any DecoderSource)?, tokenizer: WordPieceTokenizer, plan: ServingPlan,
        ledger: DeliveryLedger, batches: BatchStage, outcomes: OutcomeQueue, availability: AvailabilityMonitor,
        telemetry: PipelineTelemetry,
        clock: Clock
    ) {
        self.source = source
        self.decoders = decoders
        self.tokenizer = tokenizer
        self.plan = Mutex(plan)
        self.ledger = ledger
        self.batches = batches
        self.outcomes = outcomes
        self.availability = availability
        self.telemetry = telemetry
        self.clock = clock
    }

    var settings: ServingSettings { plan.withLock { $0.settings } }

    /// Applies another plan to the messages of the next poll.
    func update(_ plan: ServingPlan) { self.plan.withLock { $0 = plan } }

    /// Ends the loop after the present poll.
    func stop() {
        isStopping.withLock { $0 = true }
        wakeup.signal()
    }

    // MARK: - The loop

    /// Polls until ``stop()``.
    ///
    /// - Throws: only errors whose action is `.stop`.
    func run() async throws(ConnectorError) {
        let listener = RebalanceListener(
            ledger: ledger, undecoded: undecoded, batches: batches, outcomes: outcomes, telemetry: telemetry,
            patience: { self.revocationPatience })
        try await persist { () async throws(ConnectorError) in try await self.source.start(listener: listener) }
        // Nothing decodes them any more: they are delivered again.
        defer { ledger.abandon(undecoded.take().map(\.ticket)) }
        var flow = FlowControl()
        var committing = RetrySchedule(now: clock.now(), backoff: settings.backoff)
        var decoding = RetrySchedule(now: clock.now(), backoff: settings.backoff)
        var measuring = Throttle(every: .seconds(1))
        while !mustStop {
            let now = clock.now()
            if committing.isDue(now, interval: settings.commitInterval) { try await commit(&committing) }
            try await regulate(&flow)
            try await persist { () async throws(ConnectorError) in self.receive(try await self.source.next()) }
            if decoding.isDue(clock.now(), interval: .zero) { try await decode(&decoding) }
            if measuring.isDue(now: now) { await measure() }
        }
    }

    private var mustStop: Bool { isStopping.withLock { $0 } }

    /// How long a revocation waits for messages in flight: not at all while they cannot be stored or a drain is
    /// running.
    private var revocationPatience: Duration {
        availability.isUnavailable(.sink) || mustStop ? .zero : settings.revocationPatience
    }

    /// Commits the offsets of what is settled and not committed yet.
    func commit() async throws(ConnectorError) {
        let offsets = ledger.committable
        guard !offsets.isEmpty else { return }
        CrashPoint.beforeOffsetCommit.pass()
        try await source.commit(offsets)
        CrashPoint.afterOffsetCommit.pass()
        ledger.committed(offsets)
        telemetry.committed(offsets)
    }

    /// Retries a failed commit later, between polls: a member that does not poll drops out of the group.
    private func commit(_ schedule: inout RetrySchedule) async throws(ConnectorError) {
        do throws(ConnectorError) {
            try await commit()
            schedule.succeeded(at: clock.now())
            availability.succeeded(.commit)
        } catch {
            guard error.action == .retry else { throw error }
            schedule.failed(at: clock.now())
            availability.failed(.commit, error)
        }
    }

    /// Retries until the attempt succeeds or the intake stops.
    private func persist(_ attempt: () async throws(ConnectorError) -> Void) async throws(ConnectorError) {
        var backoff = Backoff(settings.backoff)
        while true {
            do {
                try await attempt()
                return availability.succeeded(.source)
            } catch {
                guard error.action == .retry else { throw error }
                availability.failed(.source, error)
            }
            if mustStop { return }
            await wakeup.wait(atMost: backoff.next(), clock: clock)
            if mustStop { return }
        }
    }

    // MARK: - Messages

    /// Texts of one poll that are handed to the batcher together.
    private static let handover = 64

    private func receive(_ messages: [SourceMessage]) {
        guard !messages.isEmpty else { return }
        CrashPoint.afterPoll.pass()
        let now = clock.now()
        undecoded.append(
            zip(messages, ledger.receive(messages)).compactMap { message, ticket in ticket.map { (message, $0, now) } })
        telemetry.received(messages.count)
    }

    /// Accepts what was received, or keeps it while the registry is unavailable. The source is paused then, and polled:
    /// a member that does not poll drops out of the group.
    private func decode(_ schedule: inout RetrySchedule) async throws(ConnectorError) {
        guard !undecoded.isEmpty else {
            // What waited for the registry was revoked. Only another message can find out whether it is available.
            if availability.isUnavailable(.registry) { availability.released(.registry) }
            return
        }
        guard let decoders else { return accept(undecoded.take(), decoder: PlainDecoder(format: settings.format)) }
        do throws(ConnectorError) {
            let decoder = try await decoders.decoder(for: undecoded.messages)
            schedule.succeeded(at: clock.now())
            availability.succeeded(.registry)
            accept(undecoded.take(), decoder: decoder)
        } catch {
            guard error.action == .retry else { throw error }
            schedule.failed(at: clock.now())
            availability.failed(.registry, error)
        }
    }

    private func accept(_ messages: [UndecodedMessages.Entry], decoder: any PayloadDecoder) {
        let start = clock.now()
        let plan = plan.withLock { $0 }
        let isTapped = telemetry.tap.isOpen
        var prepared: [PreparedText] = []
        var finished: [FinishedText] = []
        var dropped: [DeliveryTracker.Ticket] = []
        for (message, ticket, receivedAt) in messages {
            let entry = plan.enter(
                message, ticket: ticket, decoder: decoder, tokenizer: tokenizer, receivedAt: receivedAt,
                isTapped: isTapped)
            switch entry {
            case .prepared(let text):
                prepared.append(text)
                // Workers start while the rest of a large poll is still being read.
                if prepared.count == Self.handover {
                    batches.add(prepared)
                    prepared.removeAll(keepingCapacity: true)
                }
            case .finished(let text):
                if case .dropped = text.outcome { dropped.append(ticket) } else { finished.append(text) }
            }
        }
        if !dropped.isEmpty {
            ledger.settle(dropped)
            outcomes.skip(dropped)
        }
        telemetry.prepared(dropped: dropped.count, took: clock.now() - start)
        outcomes.append(finished)
        batches.add(prepared)
    }

    // MARK: - Back-pressure

    private func regulate(_ flow: inout FlowControl) async throws(ConnectorError) {
        let isBlocked = [.sink, .commit, .registry].contains { availability.isUnavailable($0) }
        let change = flow.change(
            load: ledger.load, waitingTokens: batches.waitingTokens, settings: settings, isBlocked: isBlocked)
        guard let change else { return }
        try await persist { () async throws(ConnectorError) in
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
        telemetry.metrics.record(
            telemetry.status(
                load: ledger.load, partitions: ledger.partitions.count, unavailable: availability.reasons))
        // The date may jump back, and that of a producer be ahead.
        telemetry.metrics.record(
            oldestAge: ledger.oldestProducedAt.map {
                max(0, Double(PipelineTelemetry.milliseconds(since: $0, at: clock.date())) / 1000)
            })
    }
}

extension Intake {
    /// Reacts to rebalances, on the source's thread.
    private struct RebalanceListener: PartitionListener {
        let ledger: DeliveryLedger
        let undecoded: UndecodedMessages
        let batches: BatchStage
        let outcomes: OutcomeQueue
        let telemetry: PipelineTelemetry
        /// How long a revocation may wait for messages in flight.
        let patience: @Sendable () -> Duration

        func partitionsAssigned(_ partitions: [SourcePartition]) {
            ledger.assign(partitions)
            telemetry.assigned(partitions)
        }

        /// Abandons messages that no worker has taken yet and waits for those before them, so that the next owner does
        /// not classify them again.
        func partitionsRevoked(_ partitions: [SourcePartition], lost: Bool) -> [SourcePartition: Int64] {
            let unread =
                undecoded.take(partitions: Set(partitions))
                + batches.remove(partitions: Set(partitions)).map(\.ticket)
            ledger.abandon(unread)
            let offsets = ledger.revoke(partitions, patience: lost ? .zero : patience())
            outcomes.forget(partitions)
            telemetry.revoked(partitions, lost: lost, abandoned: unread.count)
            return lost ? [:] : offsets
        }

        func offsetReset(_ reason: String) { telemetry.offsetReset(reason) }
    }
}

extension Intake {
    /// When to try next: at the interval, or after a back-off if the last attempt failed.
    private struct RetrySchedule {
        private var last: Duration
        private var waits: Backoff
        private var retryAt: Duration?
        private let settings: BackoffSettings

        init(now: Duration, backoff: BackoffSettings) {
            last = now
            settings = backoff
            waits = Backoff(backoff)
        }

        func isDue(_ now: Duration, interval: Duration) -> Bool {
            if let retryAt { return now >= retryAt }
            return now - last >= interval
        }

        mutating func succeeded(at now: Duration) {
            last = now
            if retryAt != nil { waits = Backoff(settings) }
            retryAt = nil
        }

        mutating func failed(at now: Duration) { retryAt = now + waits.next() }
    }
}
