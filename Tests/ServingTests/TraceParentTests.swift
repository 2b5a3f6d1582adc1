import Foundation
import TestSupport
import Testing

@testable import Serving
@testable import Threading

/// The header `traceparent`, after W3C Trace Context.
@Suite struct TraceParentTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

    @Test(arguments: ["00-\(trace)-01", "00-\(trace)-00", "00-\(trace)-ff"])
    func validOnesAreKept(_ value: String) {
        #expect(TraceParent(value.utf8)?.description == value)
    }

    /// What a later version may add is left out, as the standard demands.
    @Test(arguments: [
        ("01-\(trace)-01", "01"), ("cc-\(trace)-03-what-the-future-brings", "01"), ("fe-\(trace)-fe-", "00"),
        ("01-\(trace)-0a", "00"), ("01-\(trace)-0b", "01"),
    ])
    func laterVersionsAreRead(_ value: String, _ flags: String) {
        #expect(TraceParent(value.utf8)?.description == "00-\(Self.trace)-\(flags)")
    }

    @Test(arguments: [
        "", "00", "00-\(trace)", "00-\(trace)-", "00-\(trace)-1", "00-\(trace)-01-", "00-\(trace)-01-x",
        "00-\(trace)-011", "ff-\(trace)-01", "0-\(trace)-01", "0x-\(trace)-01", "01-\(trace)-01x",
        "00-\(trace.uppercased())-01", "00-\(trace)-0G", "00_\(trace)-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7a-01", " 00-\(trace)-01", "00-\(trace)-01\n",
        "00-ä4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
    ])
    func invalidOnesAreIgnored(_ value: String) {
        #expect(TraceParent(value.utf8) == nil)
        #expect(TraceParent([0xFF] + value.utf8) == nil)
    }

    private func message(_ headers: [(name: String, value: [UInt8]?)]) -> SourceMessage {
        SourceMessage(
            origin: Origin(topic: "t", partition: 0, offset: 1), payload: nil, headers: headers, producedAt: nil)
    }

    @Test func aRecordHasOneTrace() {
        let value = Array("00-\(Self.trace)-01".utf8)
        #expect(message([("a", [1]), ("traceparent", value), ("b", nil)]).traceParent?.description.utf8.count == 55)
        #expect(message([]).traceParent == nil)
        #expect(message([("traceparent", nil)]).traceParent == nil)
        #expect(message([("Traceparent", value)]).traceParent == nil)
        // Which of them is the parent?
        #expect(message([("traceparent", value), ("traceparent", value)]).traceParent == nil)
    }

    // MARK: - The log line of a rejection

    private func rejection(_ offset: Int64, _ headers: [(name: String, value: [UInt8]?)] = []) -> Rejection {
        Rejection(
            message: SourceMessage(
                origin: Origin(topic: "t", partition: 0, offset: offset), payload: nil, headers: headers),
            stage: .decode, cause: "not-json", reason: "the payload is not JSON")
    }

    @Test func theLineOfARejectionHasTheTrace() throws {
        let log = CapturedLog()
        let rejections = RejectionLog(logger: log.logger)
        rejections.note([rejection(1, [("traceparent", Array("00-\(Self.trace)-01".utf8))]), rejection(2)])
        let lines = log.lines("record rejected")
        #expect(lines.count == 2)
        #expect(
            lines[0].metadata == [
                "origin": "t/0@1", "stage": "decode", "cause": "not-json", "reason": "the payload is not JSON",
                "traceparent": "00-\(Self.trace)-01",
            ])
        #expect(lines[1].metadata["traceparent"] == nil)
    }

    @Test func aTopicFullOfBadRecordsDoesNotFillTheLog() throws {
        let log = CapturedLog()
        let clock = ManualClock()
        let rejections = RejectionLog(logger: log.logger, clock: clock.clock)
        rejections.note((1...1000).map { rejection($0) })
        #expect(log.lines("record rejected").count == RejectionLog.limit)
        clock.advance(by: .seconds(1))
        rejections.note([rejection(1001), rejection(1002)])
        let lines = log.lines("record rejected").suffix(2)
        #expect(lines.map { $0.metadata["origin"] } == ["t/0@1001", "t/0@1002"])
        #expect(lines.map { $0.metadata["omitted"] } == ["\(1000 - RejectionLog.limit)", nil])
    }
}
