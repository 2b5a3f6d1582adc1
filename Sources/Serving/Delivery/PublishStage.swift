import Synchronization
import Threading

/// Stage 9: publishes what the sink has put into the outbox, in order, and removes what a broker has acknowledged.
///
/// It never ends the pipeline: labels are stored as long as the outbox has room. A record is removed only after its
/// acknowledgement, so each is published at least once.
final class PublishStage: Sendable {
    private let publication: Publication
    private let availability: AvailabilityMonitor
    private let telemetry: PipelineTelemetry
    private let clock: Clock
    private let backoff: BackoffSettings
    private let wakeup = Wakeup()

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        /// Set once the pipeline has drained: when to end at the latest.
        var deadline: Duration?
        var measuring = Throttle(every: .seconds(1))
        var noting = Throttle(every: .seconds(1))
    }

    private let state = Mutex(State())

    init(
        _ publication: Publication, availability: AvailabilityMonitor, telemetry: PipelineTelemetry, clock: Clock,
        backoff: BackoffSettings
    ) {
        self.publication = publication
        self.availability = availability
        self.telemetry = telemetry
        self.clock = clock
        self.backoff = backoff
    }

    /// Records were stored.
    func signal() { wakeup.signal() }

    /// Ends ``run()``, at once if the outbox is empty, else within the publication's patience.
    func stop() {
        let deadline = clock.now() + publication.patience
        state.withLock { $0.deadline = $0.deadline ?? deadline }
        wakeup.signal()
    }

    // MARK: - The loop

    /// Runs until ``stop()`` or until its task is cancelled.
    func run() async {
        var waits = Backoff(backoff)
        var pace = Pace(limit: publication.maximumRecords)
        while !mustEnd {
            do throws(ConnectorError) {
                let rest = try await advance(&pace)
                waits = Backoff(backoff)
                if isStopping, rest != .none { break }
                await wait(rest)
            } catch {
                if isStopping { break }
                availability.failed(.publisher, error)
                await wait(.fixed(waits.next()))
            }
        }
        await publication.publisher.abandon()
        await publication.outbox.close()
    }

    /// How long to wait before the next round.
    private enum Rest: Equatable {
        case none
        /// Whatever is stored meanwhile.
        case fixed(Duration)
        /// Until something is stored.
        case atMost(Duration)
    }

    /// Returns early when the stage stops.
    private func wait(_ rest: Rest) async {
        switch rest {
        case .none: return
        case .atMost(let duration):
            if !isStopping { await wakeup.wait(atMost: duration, clock: clock) }
        case .fixed(let duration):
            let end = clock.now() + duration
            while !isStopping, clock.now() < end { await wakeup.wait(atMost: end - clock.now(), clock: clock) }
        }
    }

    private var isStopping: Bool { state.withLock { $0.deadline != nil } || Task.isCancelled }

    private var mustEnd: Bool {
        Task.isCancelled || state.withLock { $0.deadline.map { clock.now() >= $0 } ?? false }
    }

    /// What the next round depends on.
    private struct Pace {
        /// Records to read and send together.
        var limit: Int
        /// Kinds whose topic takes nothing, why, and until when it is left alone.
        var blocked: [OutboxKind: (error: ConnectorError, until: Duration)] = [:]
    }

    /// One round.
    private func advance(_ pace: inout Pace) async throws(ConnectorError) -> Rest {
        let now = clock.now()
        pace.blocked = pace.blocked.filter { $0.value.until > now }
        let omitted = Set(pace.blocked.keys)
        guard let records = try await publication.outbox.next(limit: pace.limit, omitting: omitted) else {
            await measure()
            availability.succeeded(.publisher)
            return .fixed(publication.leaseInterval)
        }
        await measure()
        if !records.isEmpty { try await publish(PublicationRound(records), &pace) }
        if let obstacle = pace.blocked.values.first {
            note(obstacle.error, now: clock.now())
        } else {
            availability.succeeded(.publisher)
        }
        return records.isEmpty ? .atMost(publication.pollInterval) : .none
    }

    private func publish(_ round: PublicationRound, _ pace: inout Pace) async throws(ConnectorError) {
        var round = round
        CrashPoint.beforePublication.pass()
        do throws(ConnectorError) {
            try await send(&round)
        } catch {
            await publication.publisher.abandon()
            // What a broker has need not be published again.
            if !round.published.isEmpty { try? await settle(round) }
            throw error
        }
        CrashPoint.afterPublication.pass()
        try await settle(round)
        let blocked = round.blocked
        // What follows a record that failed must not overtake it.
        if round.failure != nil || !blocked.isEmpty { await publication.publisher.abandon() }
        if let failure = round.failure { throw failure }
        let until = clock.now() + publication.topicInterval
        pace.blocked.merge(blocked.mapValues { ($0, until) }) { $1 }
        pace.limit = round.nextLimit(after: pace.limit, maximum: publication.maximumRecords)
    }

    /// Sends the records and waits until each has its result.
    private func send(_ round: inout PublicationRound) async throws(ConnectorError) {
        let outgoing = round.outgoing
        if outgoing.isEmpty { return }
        try await publication.publisher.publish(outgoing)
        var (kept, heard) = (clock.now(), clock.now())
        while !round.isComplete {
            let report = try await publication.publisher.report()
            let now = clock.now()
            if round.note(report.results) {
                heard = now
            } else if let obstacle = report.obstacle {
                guard obstacle.action != .stop else { throw obstacle }
                note(obstacle, now: now)
            } else if now - heard >= publication.silence {
                note(Self.silence(now - heard), now: now)
            }
            if now - kept >= publication.heartbeat {
                kept = now
                guard await publication.outbox.keep() else { throw Self.lostLease }
                await measure()
            }
            if mustEnd, !round.isComplete { throw Self.ended }
        }
    }

    /// Removes what was published, and moves what never will be.
    private func settle(_ round: PublicationRound) async throws(ConnectorError) {
        if !round.done.isEmpty { try await publication.outbox.remove(round.done) }
        telemetry.published(round.published)
        for (record, error) in round.refused {
            try await publication.outbox.reject(record, reason: error.reason)
            telemetry.refusedPublication(record, error)
        }
    }

    // MARK: - What an operator sees

    /// At most one attempt per second counts.
    private func note(_ obstacle: ConnectorError, now: Duration) {
        if state.withLock({ $0.noting.isDue(now: now) }) { availability.failed(.publisher, obstacle) }
    }

    /// Once per second.
    private func measure() async {
        let now = clock.now()
        let isDue = state.withLock { $0.measuring.isDue(now: now) }
        // An outage of the database is reported by the next read.
        guard isDue, let depth = try? await publication.outbox.depth() else { return }
        telemetry.measured(depth)
    }

    private static func silence(_ duration: Duration) -> ConnectorError {
        ConnectorError(
            action: .retry, reason: "no acknowledgement for \(duration.components.seconds) s", cause: "silence")
    }

    private static let lostLease = ConnectorError(
        action: .retry, reason: "the lease on publishing expired before it was renewed", cause: "lease")

    private static let ended = ConnectorError(
        action: .retry, reason: "the pipeline ended before all records were acknowledged", cause: "ended")
}
