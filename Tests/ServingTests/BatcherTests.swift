import TestSupport
import Testing

@testable import Serving
@testable import Threading

struct BatcherTests {
    private var tracker = DeliveryTracker()
    private let partitions = (0..<2).map { SourcePartition(topic: "texts", partition: $0) }

    init() { tracker.assign(partitions) }

    private mutating func text(tokens: Int, at time: Duration = .zero, partition: Int32 = 0) -> PreparedText {
        let origin = Origin(topic: "texts", partition: partition, offset: Int64(tracker.inFlight))
        let message = SourceMessage(origin: origin, payload: [])
        guard let ticket = tracker.receive(origin, bytes: 0) else { preconditionFailure("the partition is assigned") }
        return PreparedText(
            ticket: ticket, message: message, tokens: [Array(repeating: 1, count: tokens)], tasks: [], receivedAt: time)
    }

    @Test mutating func aFullBatchIsDueAtOnce() {
        var batcher = Batcher(budget: 100, delay: .milliseconds(20))
        batcher.add([text(tokens: 60)])
        #expect(batcher.readiness(now: .zero) == .ripens(at: .milliseconds(20)))
        #expect(batcher.take(now: .zero) == nil)
        batcher.add([text(tokens: 40)])
        #expect(batcher.readiness(now: .zero) == .due)
        #expect(batcher.take(now: .zero)?.count == 2)
        #expect(batcher.readiness(now: .zero) == .empty)
    }

    @Test mutating func anOldTextMakesItsBatchDue() {
        var batcher = Batcher(budget: 100, delay: .milliseconds(20))
        batcher.add([text(tokens: 5, at: .milliseconds(7)), text(tokens: 5, at: .milliseconds(26))])
        #expect(batcher.readiness(now: .milliseconds(26)) == .ripens(at: .milliseconds(27)))
        #expect(batcher.take(now: .milliseconds(27))?.count == 2)
    }

    @Test mutating func aBatchKeepsToTheBudgetAndTheOrder() {
        var batcher = Batcher(budget: 100, delay: .zero)
        batcher.add([text(tokens: 70), text(tokens: 40), text(tokens: 60)])
        #expect(batcher.take(now: .zero)?.map(\.tokens.count) == [70])
        #expect(batcher.tokens == 100)
        #expect(batcher.take(now: .zero)?.map(\.tokens.count) == [40, 60])
        #expect(batcher.take(now: .zero) == nil)
    }

    @Test mutating func aTextLargerThanTheBudgetGoesAlone() {
        var batcher = Batcher(budget: 100, delay: .seconds(9))
        batcher.add([text(tokens: 256), text(tokens: 1)])
        #expect(batcher.take(now: .zero)?.map(\.tokens.count) == [256])
        #expect(batcher.readiness(now: .zero) == .ripens(at: .seconds(9)))
    }

    @Test mutating func nothingWaitsOnceTheBatcherIsClosed() {
        var batcher = Batcher(budget: 100, delay: .seconds(9))
        batcher.add([text(tokens: 1)])
        batcher.isClosed = true
        #expect(batcher.take(now: .zero)?.count == 1)
    }

    @Test mutating func textsOfAPartitionCanBeTakenOut() {
        var batcher = Batcher(budget: 100, delay: .seconds(9))
        batcher.add([text(tokens: 10), text(tokens: 20, partition: 1), text(tokens: 30)])
        #expect(batcher.remove(partitions: [partitions[0]]).map(\.windows[0].tokens.count) == [10, 30])
        #expect(batcher.tokens == 20 && batcher.count == 1)
        #expect(batcher.remove(partitions: [partitions[0]]).isEmpty)
    }
}

struct FlowControlTests {
    private func settings() -> ServingSettings {
        var settings = ServingSettings(pipeline: "test")
        (settings.maximumInFlight, settings.maximumInFlightBytes) = (100, 1000)
        return settings
    }

    @Test func pausesAtTheLimitAndResumesAtHalfOfIt() {
        var flow = FlowControl()
        func change(_ messages: Int, _ bytes: Int = 0) -> FlowControl.Change? {
            flow.change(load: (messages, bytes), settings: settings(), isBlocked: false)
        }
        #expect(change(99) == nil)
        #expect(change(100) == .pause)
        #expect(change(120) == nil)
        #expect(change(51) == nil)
        #expect(change(50, 501) == nil)
        #expect(change(50, 500) == .resume)
        #expect(change(1, 1000) == .pause)
    }

    @Test func staysPausedWhileTheSinkIsUnavailable() {
        var flow = FlowControl()
        #expect(flow.change(load: (0, 0), settings: settings(), isBlocked: true) == .pause)
        #expect(flow.change(load: (0, 0), settings: settings(), isBlocked: true) == nil)
        #expect(flow.change(load: (0, 0), settings: settings(), isBlocked: false) == .resume)
    }
}

struct RateMeterTests {
    @Test func ratesEventsPerSecondOverTheLastTenSeconds() {
        var meter = RateMeter()
        #expect(meter.rate(now: .zero) == 0)
        for second in 0..<20 { meter.add(5, now: .seconds(second)) }
        #expect(meter.rate(now: .seconds(19)) == 5)
        #expect(meter.rate(now: .seconds(24)) == 2.5)
        #expect(meter.rate(now: .seconds(3600)) == 0)
    }
}
