import Testing

@testable import Serving

@Suite struct PublicationRoundTests {
    private static let tooLarge = ConnectorError(action: .reject, reason: "too large", cause: "MSG_SIZE_TOO_LARGE")
    private static let away = ConnectorError(action: .retry, reason: "away", cause: "_TRANSPORT")

    private static func record(_ id: Int64, hasMessage: Bool = true) -> OutboxRecord {
        OutboxRecord(
            id: id, origin: Origin(topic: "texts", partition: 0, offset: id), producedAt: 0,
            message: hasMessage ? OutgoingMessage(key: nil, payload: [1], headers: []) : nil)
    }

    private func round(_ ids: ClosedRange<Int64>) -> PublicationRound { PublicationRound(ids.map { Self.record($0) }) }

    @Test func itIsCompleteOnceEveryRecordHasAResult() {
        var round = round(1...3)
        var areNew = [round.note([(3, .acknowledged), (1, .acknowledged)])]
        #expect(!round.isComplete && round.published.map(\.id) == [1, 3])
        areNew.append(round.note([(2, .acknowledged)]))
        #expect(areNew == [true, true])
        #expect(round.isComplete && round.published.map(\.id) == [1, 2, 3])
    }

    @Test func resultsOfOtherRoundsAndRepetitionsDoNotCount() {
        var round = round(1...2)
        let areNew = [
            round.note([(7, .acknowledged)]), round.note([(1, .acknowledged)]), round.note([(1, .failed(Self.away))]),
        ]
        #expect(areNew == [false, true, false])
        #expect(round.published.map(\.id) == [1] && round.failure == nil)
    }

    @Test func aRecordWithoutRowsNeedsNoResult() {
        let round = PublicationRound([Self.record(1, hasMessage: false)])
        #expect(round.isComplete && round.outgoing.isEmpty && round.published.isEmpty)
        #expect(round.done.map(\.id) == [1])
    }

    @Test func aRefusalInCompanyProvesNothing() {
        var round = round(1...8)
        _ = round.note((1...8).map { ($0, .refused(Self.tooLarge, isCertain: false)) })
        #expect(round.isComplete && round.isInDoubt && round.refused.isEmpty && round.done.isEmpty)
        #expect(round.nextLimit(after: 100, maximum: 100) == 4)
    }

    @Test func aRefusalAloneIsFinal() {
        var round = round(1...1)
        _ = round.note([(1, .refused(Self.tooLarge, isCertain: false))])
        #expect(round.refused.map(\.record.id) == [1] && !round.isInDoubt)
        #expect(round.nextLimit(after: 1, maximum: 100) == 2)
    }

    @Test func whatTheClientItselfRefusesIsAtFault() {
        var round = round(1...3)
        _ = round.note([(1, .acknowledged), (2, .refused(Self.tooLarge, isCertain: true)), (3, .acknowledged)])
        #expect(round.refused.map(\.record.id) == [2] && round.done.map(\.id) == [1, 3] && !round.isInDoubt)
    }

    @Test func theFirstFailureInOrderCounts() {
        var round = round(1...3)
        _ = round.note([(3, .failed(Self.tooLarge)), (2, .failed(Self.away)), (1, .acknowledged)])
        #expect(round.isComplete && round.failure == Self.away && round.done.map(\.id) == [1])
    }
}
