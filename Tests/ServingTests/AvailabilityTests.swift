import Testing

@testable import Serving

@Suite struct AvailabilityTests {
    @Test func outageBeginsOnceAndCountsItsAttempts() {
        var availability = Availability()
        let attempts = [1, 2, 3].map {
            availability.failed(.sink, reason: "refused \($0)", now: .seconds($0))
        }
        #expect(attempts == [true, false, false])
        #expect(availability.isUnavailable(.sink) && availability.reasons == ["refused 3"])
        #expect(availability.succeeded(.sink) == Availability.Outage(since: .seconds(1), attempts: 3))
        #expect(!availability.isUnavailable(.sink) && availability.reasons.isEmpty)
    }

    @Test func successWithoutAnOutageIsNoRecovery() {
        var availability = Availability()
        #expect(availability.succeeded(.sink) == nil)
        _ = availability.failed(.sink, reason: "refused", now: .zero)
        #expect(availability.succeeded(.source) == nil)
        #expect(availability.isUnavailable(.sink) && !availability.isUnavailable(.source))
    }

    @Test func readsAndCommitsShareOneOutage() {
        var availability = Availability()
        #expect(availability.failed(.source, reason: "no broker", now: .seconds(1)) == true)
        #expect(availability.failed(.commit, reason: "no coordinator", now: .seconds(2)) == false)
        #expect(availability.reasons == ["no broker", "no coordinator"])
        #expect(availability.succeeded(.source) == nil, "commits still fail")
        #expect(availability.isUnavailable(.commit))
        #expect(availability.succeeded(.commit) == Availability.Outage(since: .seconds(1), attempts: 2))
    }

    @Test func sidesHaveOutagesOfTheirOwn() {
        var availability = Availability()
        #expect(availability.failed(.source, reason: "no broker", now: .seconds(1)) == true)
        #expect(availability.failed(.sink, reason: "no database", now: .seconds(2)) == true)
        #expect(availability.succeeded(.sink) == Availability.Outage(since: .seconds(2), attempts: 1))
        #expect(availability.reasons == ["no broker"])
    }
}
