import Serving
import TestSupport
import Testing
import Threading

/// The serving path when something outside fails, or comes and goes.
@Suite(.timeLimit(.minutes(2)))
struct ServingFaultTests {
    private let partition = ServingHarness.partition
    private let away = ConnectorError(action: .retry, reason: "the database is away")

    @Test func anUnavailableSinkIsRetried() async throws {
        let harness = try ServingHarness()
        harness.sink.fail(Array(repeating: away, count: 5))
        harness.source.produce(texts: ServingHarness.texts(50))
        try await harness.whileRunning { await harness.sink.waitForMessages(50) }
        #expect(harness.sink.state.value.labels.count == 50)
        #expect(harness.committed == 50)
    }

    @Test func anUnavailableSinkPausesTheSourceAndTheStatusSaysWhy() async throws {
        let clock = ManualClock()
        let harness = try ServingHarness(clock: clock.clock) { $0.backoff = BackoffSettings(initial: .seconds(1)) }
        harness.sink.fail([away])
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning {
            await clock.waitForSleepers(dueWithin: .seconds(1))
            await harness.source.state.wait { $0.isPaused }
            let polls = harness.source.state.value.polls
            await harness.source.state.wait { $0.polls > polls + 2 }
            let status = harness.way.status
            #expect(status.state == .waiting && !status.isReady && status.waitingFor == "the database is away")
            #expect(status.inFlight == 1)
            clock.advance(by: .seconds(1))
            await harness.sink.waitForMessages(1)
            await harness.source.state.wait { !$0.isPaused && $0.resumes == 1 }
            #expect(harness.way.status.isReady)
        }
        #expect(harness.sink.state.value.attempts == 2)
    }

    /// Nothing is known of the sink once a rebalance has taken what waited for it.
    @Test func aSinkThatNothingWaitsForHasNotRecovered() async throws {
        let (clock, log) = (ManualClock(), CapturedLog())
        let harness = try ServingHarness(clock: clock.clock, logger: log.logger) {
            $0.backoff = BackoffSettings(initial: .seconds(1))
        }
        harness.sink.fail([away])
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning {
            await clock.waitForSleepers(dueWithin: .seconds(1))
            await harness.source.state.wait { $0.isPaused }
            harness.source.revoke([partition])
            await harness.source.state.wait { !$0.revocations.isEmpty }
            clock.advance(by: .seconds(1))
            await log.lines.wait { $0.contains { $0.message == "sink no longer waited for" } }
            #expect(log.recoveries(of: "sink").isEmpty)
            harness.source.assign([partition])
            await harness.sink.waitForMessages(1)
        }
        #expect(harness.sink.state.value.attempts == 2)
    }

    @Test func aSinkErrorThatStopsEndsTheRun() async throws {
        let harness = try ServingHarness()
        harness.sink.fail([ConnectorError(action: .stop, reason: "no such table")])
        harness.source.produce(texts: ["one"])
        await #expect(throws: ServingError.sink("no such table")) {
            try await harness.whileRunning(drains: false) {}
        }
        #expect(harness.source.state.value.isClosed && harness.sink.state.value.isClosed)
        #expect(harness.committed == nil)
    }

    @Test func anUnavailableSourceIsRetried() async throws {
        let harness = try ServingHarness()
        harness.source.failPolls(Array(repeating: ConnectorError(action: .retry, reason: "no broker"), count: 3))
        harness.source.failCommits([ConnectorError(action: .retry, reason: "rebalance in progress")])
        harness.source.produce(texts: ServingHarness.texts(5))
        try await harness.whileRunning {
            await harness.sink.waitForMessages(5)
            await harness.source.state.wait { $0.committed[ServingHarness.partition] == 5 }
        }
        #expect(harness.committed == 5)
    }

    @Test func aSourceErrorThatStopsEndsTheRunAndWhatWasReadIsStored() async throws {
        let harness = try ServingHarness()
        harness.source.produce(texts: ServingHarness.texts(5))
        await #expect(throws: ServingError.source("wrong password")) {
            try await harness.whileRunning(drains: false) {
                await harness.source.state.wait { $0.delivered == 5 }
                harness.source.failPolls([ConnectorError(action: .stop, reason: "wrong password")])
            }
        }
        #expect(harness.sink.state.value.labels.count == 5)
        #expect(harness.committed == 5)
    }

    @Test func backPressureBoundsWhatIsInFlight() async throws {
        let harness = try ServingHarness(source: ScriptedTextSource(pollLimit: 10)) { $0.maximumInFlight = 40 }
        harness.sink.hold()
        harness.source.produce(texts: ServingHarness.texts(500))
        try await harness.whileRunning {
            await harness.source.state.wait { $0.isPaused }
            let polls = harness.source.state.value.polls
            await harness.source.state.wait { $0.polls > polls + 3 }
            #expect(harness.source.state.value.delivered <= 50)
            #expect(harness.way.status.isPaused && harness.way.status.inFlight <= 50)
            harness.sink.release()
            await harness.sink.waitForMessages(500)
        }
        #expect(harness.source.state.value.resumes >= 1)
        #expect(harness.committed == 500)
    }

    @Test func severalBatchesShareATransactionWhenTheSinkIsSlow() async throws {
        let harness = try ServingHarness()
        harness.sink.hold()
        harness.source.produce(texts: ServingHarness.texts(200))
        try await harness.whileRunning {
            await harness.sink.state.wait { $0.attempts == 1 }
            // The batches that are finished meanwhile gather behind the first transaction.
            try await eventually("twenty batches") { harness.pool.heartbeats.map(\.batches).reduce(0, +) >= 20 }
            harness.sink.release()
            await harness.sink.waitForMessages(200)
        }
        let batches = harness.pool.heartbeats.map(\.batches).reduce(0, +)
        #expect(harness.sink.state.value.transactions.count < batches - 10)
    }

    // MARK: - Rebalances

    @Test func aRevocationWaitsForWhatIsInFlight() async throws {
        let harness = try ServingHarness()
        harness.sink.hold()
        harness.source.produce(texts: ServingHarness.texts(5))
        try await harness.whileRunning {
            await harness.sink.state.wait { $0.attempts > 0 }
            harness.source.revoke([partition])
            await harness.source.state.wait { $0.polls > 0 }
            harness.sink.release()
            await harness.source.state.wait { !$0.revocations.isEmpty }
        }
        let given = harness.source.state.value.revocations.first?[partition] ?? 0
        let committedBefore = harness.source.state.value.commits.last?[partition] ?? 0
        #expect(max(given, committedBefore) > 0)
        #expect(harness.sink.state.value.origins.count >= Int(max(given, committedBefore)))
    }

    @Test func theAgeOfTheOldestTextInFlightIsMeasured() async throws {
        let clock = Clock(now: Clock.system.now, sleep: Clock.system.sleep, date: { 5000 })
        // The source's first message was produced at 1000.
        let harness = try ServingHarness(clock: clock) { $0.drainPatience = .zero }
        harness.source.produce(texts: ServingHarness.texts(5))
        try await harness.whileRunning(workersRun: false) { await harness.source.state.wait { $0.polls >= 2 } }
        let age = try harness.metrics.expectGauge(MetricNames.oldestAge, [("pipeline", "test")])
        #expect(age.values.first == 4)
    }

    /// Whoever produces a record may give it any timestamp.
    @Test func anAgeThatOverflowsIsTheGreatest() async throws {
        let harness = try ServingHarness { $0.drainPatience = .zero }
        let message = SourceMessage(
            origin: Origin(topic: "texts", partition: 0, offset: 0), payload: Array("one".utf8), producedAt: .min)
        harness.source.state.update { $0.log[partition] = [message] }
        try await harness.whileRunning(workersRun: false) { await harness.source.state.wait { $0.polls >= 2 } }
        let age = try harness.metrics.expectGauge(MetricNames.oldestAge, [("pipeline", "test")])
        #expect(age.values.first == Double(Int64.max) / 1000)
    }

    @Test func textsThatNoWorkerTookAreAbandoned() async throws {
        let harness = try ServingHarness()
        harness.source.produce(texts: ServingHarness.texts(5))
        try await harness.whileRunning(workersRun: false) {
            await harness.source.state.wait { $0.delivered == 5 }
            harness.source.revoke([partition])
            await harness.source.state.wait { !$0.revocations.isEmpty }
            #expect(harness.way.status.inFlight == 0)
            harness.source.assign([partition])
            await harness.source.state.wait { $0.delivered == 10 }
            let workers = Task { await harness.pool.run() }
            await harness.sink.waitForMessages(5)
            await harness.way.drain()
            workers.cancel()
            await workers.value
        }
        #expect(harness.source.state.value.revocations.first == [:])
        #expect(harness.committed == 5)
    }

    @Test func nothingOfALostPartitionIsCommitted() async throws {
        let harness = try ServingHarness()
        harness.sink.hold()
        harness.source.produce(texts: ServingHarness.texts(5))
        try await harness.whileRunning {
            await harness.sink.state.wait { $0.attempts > 0 }
            harness.source.revoke([partition], lost: true)
            await harness.source.state.wait { !$0.revocations.isEmpty }
            harness.sink.release()
            await harness.sink.state.wait { !$0.transactions.isEmpty }
            #expect(harness.source.state.value.commits.isEmpty)
            harness.source.assign([partition])
            await harness.source.state.wait { $0.committed[ServingHarness.partition] == 5 }
        }
        #expect(harness.source.state.value.revocations.first == [:])
        #expect(harness.sink.state.value.labels.count == 5)
    }

    @Test func rebalancesInMidStreamLoseNothing() async throws {
        let partitions = (0..<3).map { SourcePartition(topic: "texts", partition: $0) }
        let harness = try ServingHarness(source: ScriptedTextSource(partitions: partitions, pollLimit: 17))
        for partition in partitions { harness.source.produce(texts: ServingHarness.texts(400), to: partition) }
        try await harness.whileRunning {
            for round in 1...12 {
                let partition = partitions[round % 3]
                await harness.sink.waitForMessages(round * 60)
                harness.source.revoke([partition], lost: round % 4 == 0)
                harness.source.assign([partition])
            }
            await harness.sink.waitForMessages(1200)
            await harness.source.state.wait {
                $0.committed == Dictionary(uniqueKeysWithValues: partitions.map { ($0, 400) })
            }
        }
        #expect(harness.sink.state.value.labels.count == 1200)
    }

    // MARK: - The end

    @Test func aDrainFinishesWhatIsInFlight() async throws {
        let harness = try ServingHarness { $0.batchDelay = .seconds(3600) }
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning { await harness.source.state.wait { $0.delivered == 1 } }
        #expect(harness.sink.state.value.labels.count == 1)
        #expect(harness.committed == 1)
    }

    @Test func aCancellationDrains() async throws {
        let harness = try ServingHarness { $0.batchDelay = .seconds(3600) }
        harness.source.produce(texts: ["one"])
        let workers = Task { await harness.pool.run() }
        let running = Task { try await harness.way.run() }
        await harness.source.state.wait { $0.delivered == 1 }
        running.cancel()
        try await running.value
        workers.cancel()
        await workers.value
        #expect(harness.committed == 1)
        #expect(harness.source.state.value.isClosed && harness.sink.state.value.isClosed)
    }

    @Test func aDrainTimesOutOnASinkThatDoesNotAnswer() async throws {
        let clock = ManualClock()
        let harness = try ServingHarness(clock: clock.clock) { $0.drainPatience = .seconds(8) }
        harness.sink.hold()
        harness.source.produce(texts: ["one"])
        let workers = Task { await harness.pool.run() }
        let running = Task { try await harness.way.run() }
        await harness.sink.state.wait { $0.attempts == 1 }
        let draining = Task { await harness.way.drain() }
        await clock.waitForSleepers(dueWithin: .seconds(8))
        clock.advance(by: .seconds(8))
        await draining.value
        try await running.value
        #expect(harness.committed == nil)
        #expect(harness.source.state.value.isClosed)
        harness.sink.release()
        await harness.sink.state.wait { $0.isClosed }
        workers.cancel()
        await workers.value
    }

    // MARK: - Joining the group

    /// The group's first assignment makes the way ready, not the subscription; an empty one is an answer as well.
    @Test(arguments: [[ServingHarness.partition], []])
    func untilTheGroupHasAssignedItIsJoining(_ partitions: [SourcePartition]) async throws {
        let (clock, log) = (ManualClock(), CapturedLog())
        let source = ScriptedTextSource(consumerGroup: "readers")
        let harness = try ServingHarness(source: source, clock: clock.clock, logger: log.logger)
        try await harness.whileRunning {
            await source.state.wait { $0.polls > 2 }
            #expect(harness.way.status.state == .joining && !harness.way.status.isReady)
            clock.advance(by: .seconds(12))
            #expect(harness.way.status.joining?.description == "group readers for 12 s")
            #expect(log.lines("joining the consumer group", ["group": "readers"]).count == 1)
            clock.advance(by: .seconds(20))
            await log.lines.wait { $0.contains { $0.message == "still joining the consumer group" } }
            #expect(log.lines("still joining the consumer group", ["waited": "32.0 s"]).count == 1)
            #expect(log.lines("joined the consumer group").isEmpty)

            source.assign(partitions)
            await log.lines.wait { $0.contains { $0.message == "joined the consumer group" } }
            #expect(harness.way.status.isReady && harness.way.status.joining == nil)
            let joined = ["group": "readers", "partition_count": "\(partitions.count)", "waited": "32.0 s"]
            #expect(log.lines("joined the consumer group", joined).count == 1)
        }
    }

    /// What stands in the way is said, and that the group has not answered either.
    @Test func aSourceThatIsUnavailableWhileJoiningIsRetried() async throws {
        let source = ScriptedTextSource(consumerGroup: "readers")
        source.failPolls([ConnectorError(action: .retry, reason: "no broker")])
        let log = CapturedLog()
        let harness = try ServingHarness(source: source, logger: log.logger) {
            $0.backoff = BackoffSettings(initial: .seconds(600))
        }
        try await harness.whileRunning {
            await log.lines.wait { $0.contains { $0.message.hasSuffix(" unavailable, retrying") } }
            #expect(harness.way.status.state == .waiting)
            #expect(harness.way.status.waitingFor == "no broker")
            #expect(harness.way.status.joining?.group == "readers")
        }
    }

    /// Later rebalances leave the state as it is: texts of the earlier partitions are still in flight.
    @Test func aRebalanceIsNotAJoin() async throws {
        let (log, source) = (CapturedLog(), ScriptedTextSource(consumerGroup: "readers"))
        let harness = try ServingHarness(source: source, logger: log.logger)
        source.assign([partition])
        try await harness.whileRunning {
            await source.state.wait { !$0.positions.isEmpty }
            source.revoke([partition])
            await source.state.wait { $0.positions.isEmpty }
            #expect(harness.way.status.isReady)
            source.assign([partition])
            await source.state.wait { !$0.positions.isEmpty }
            #expect(harness.way.status.isReady)
        }
        #expect(log.lines("joined the consumer group").count == 1)
    }
}
