import Serving
import Synchronization
import TestSupport
import Testing
import Threading

/// The serving path when the schema registry is unavailable, or refuses.
@Suite(.timeLimit(.minutes(2)))
struct RegistryFaultTests {
    private let partition = ServingHarness.partition
    private static let away = ConnectorError(action: .retry, reason: "the registry is away")

    /// Fails as often as it is told, then decodes every payload as text.
    private final class ScriptedDecoders: DecoderSource {
        struct State {
            var failures: [ConnectorError] = []
            /// Fails without end.
            var isAway = false
            var attempts = 0
            var isClosed = false
        }

        let state = Watched(State())

        func decoder(for messages: [SourceMessage]) async throws(ConnectorError) -> any PayloadDecoder {
            let failure = state.update { state -> ConnectorError? in
                state.attempts += 1
                if state.isAway { return RegistryFaultTests.away }
                return state.failures.isEmpty ? nil : state.failures.removeFirst()
            }
            if let failure { throw failure }
            return PlainDecoder()
        }

        func close() async { state.update { $0.isClosed = true } }
    }

    @Test func anUnavailableRegistryIsRetriedAndNothingIsLost() async throws {
        let decoders = ScriptedDecoders()
        decoders.state.update { $0.failures = Array(repeating: RegistryFaultTests.away, count: 5) }
        let harness = try ServingHarness(decoders: decoders)
        harness.source.produce(texts: ServingHarness.texts(50))
        try await harness.whileRunning {
            await harness.sink.waitForMessages(50)
            await harness.source.state.wait { $0.committed[ServingHarness.partition] == 50 && !$0.isPaused }
        }
        #expect(harness.sink.state.value.labels.count == 50)
        #expect(decoders.state.value.isClosed)
    }

    @Test func anUnavailableRegistryPausesTheSourceWhichIsStillPolled() async throws {
        let clock = ManualClock()
        let decoders = ScriptedDecoders()
        decoders.state.update { $0.isAway = true }
        let harness = try ServingHarness(decoders: decoders, clock: clock.clock) {
            $0.backoff = BackoffSettings(initial: .seconds(1))
        }
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning {
            await harness.source.state.wait { $0.isPaused }
            harness.source.produce(texts: ["two", "three"])
            let polls = harness.source.state.value.polls
            await harness.source.state.wait { $0.polls > polls + 20 }
            let status = harness.way.status
            #expect(status.state == .waiting && status.waitingFor == "the registry is away")
            #expect(status.inFlight == 1 && harness.source.state.value.delivered == 1)
            // The clock stands still, so the back-off is not over: it does not ask at every poll.
            #expect(decoders.state.value.attempts == 1)
            decoders.state.update { $0.isAway = false }
            clock.advance(by: .seconds(1))
            await harness.sink.waitForMessages(3)
            #expect(harness.way.status.isReady)
        }
        #expect(harness.committed == 3)
    }

    @Test func aRefusalEndsTheRun() async throws {
        let decoders = ScriptedDecoders()
        decoders.state.update { $0.failures = [ConnectorError(action: .stop, reason: "wrong password")] }
        let harness = try ServingHarness(decoders: decoders)
        harness.source.produce(texts: ["one"])
        await #expect(throws: ServingError.source("wrong password")) {
            try await harness.whileRunning(drains: false) {}
        }
        #expect(harness.committed == nil && decoders.state.value.isClosed)
    }

    @Test func aDrainGivesBackWhatCannotBeDecoded() async throws {
        let decoders = ScriptedDecoders()
        decoders.state.update { $0.isAway = true }
        let harness = try ServingHarness(decoders: decoders)
        harness.source.produce(texts: ["one"])
        try await harness.whileRunning { await decoders.state.wait { $0.attempts > 2 } }
        #expect(harness.committed == nil && harness.sink.state.value.labels.isEmpty)
        #expect(harness.way.status.inFlight == 0)
    }

    @Test func revokedMessagesAreGivenBackAndReadAgain() async throws {
        let decoders = ScriptedDecoders()
        decoders.state.update { $0.isAway = true }
        let harness = try ServingHarness(decoders: decoders)
        harness.source.produce(texts: ["one", "two"])
        try await harness.whileRunning {
            await decoders.state.wait { $0.attempts > 1 }
            harness.source.revoke([partition])
            await harness.source.state.wait { $0.revocations.count == 1 }
            #expect(harness.source.state.value.revocations == [[:]] && harness.way.status.inFlight == 0)
            decoders.state.update { $0.isAway = false }
            harness.source.assign([partition])
            await harness.sink.waitForMessages(2)
        }
        #expect(harness.committed == 2)
    }

    @Test func tombstonesAreRejectedOrDropped() async throws {
        for policy in NullPayloadPolicy.allCases {
            let harness = try ServingHarness { $0.nullPayload = policy }
            harness.source.produce([nil, Array("a text".utf8), nil])
            try await harness.whileRunning {
                await harness.source.state.wait { $0.committed[ServingHarness.partition] == 3 }
            }
            let status = harness.way.status
            #expect(status.labelled == 1)
            #expect(policy == .drop ? status.dropped == 2 && status.rejected == 0 : status.rejected == 2)
        }
    }
}
