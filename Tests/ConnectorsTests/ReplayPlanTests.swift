import Serving
import Testing

@testable import Connectors

/// What is read of a selection, and what of it is not there.
struct ReplayPlanTests {
    private static let first = SourcePartition(topic: "texts", partition: 0)
    private static let second = SourcePartition(topic: "texts", partition: 1)

    private func part(_ text: String, present: Range<Int64>) throws -> ReplayPlan.Part {
        let range = try #require(OffsetRange(text))
        return try #require(ReplayPlan(.offsets([range]), present: [Self.first: present]).parts[Self.first])
    }

    @Test func offsetsAreReadAsFarAsTheyAreThere() throws {
        #expect(try part("texts:0:10-19", present: 0..<100) == .init(range: 10..<20))
        #expect(try part("texts:0:90-", present: 0..<100) == .init(range: 90..<100))
        #expect(try part("texts:0:10-19", present: 15..<100) == .init(range: 15..<20, gone: 10..<15))
        #expect(try part("texts:0:10-", present: 15..<100) == .init(range: 15..<100, gone: 10..<15))
        #expect(try part("texts:0:90-119", present: 0..<100) == .init(range: 90..<100, missing: 100..<120))
        #expect(
            try part("texts:0:0-199", present: 50..<100)
                == .init(range: 50..<100, gone: 0..<50, missing: 100..<200))
    }

    @Test func aRangeOutsideThePartitionReadsNothing() throws {
        let gone = try part("texts:0:0-9", present: 50..<100)
        #expect(gone.range.isEmpty && gone.gone == 0..<10 && gone.missing == nil)
        let missing = try part("texts:0:200-299", present: 50..<100)
        #expect(missing.range.isEmpty && missing.gone == nil && missing.missing == 200..<300)
        let open = try part("texts:0:200-", present: 50..<100)
        #expect(open.range.isEmpty && open.gone == nil && open.missing == nil)
        let empty = try part("texts:0:0-", present: 0..<0)
        #expect(empty.range.isEmpty && empty.gone == nil)
    }

    @Test func timesAreReadFromOneOffsetToAnother() {
        let plan = ReplayPlan(
            .times(from: 1000, to: 2000), present: [Self.first: 0..<100, Self.second: 20..<30],
            first: [Self.first: 40, Self.second: 20], last: [Self.first: 60])
        #expect(plan.ranges == [Self.first: 40..<60, Self.second: 20..<30])
        #expect(plan.parts[Self.first]?.mayLackBeginning == false)
        #expect(plan.parts[Self.second]?.mayLackBeginning == true)
    }

    @Test func withoutARecordAsYoungNothingIsRead() {
        let plan = ReplayPlan(.times(from: 1000, to: nil), present: [Self.first: 5..<100])
        #expect(plan.ranges == [Self.first: 100..<100] && plan.parts[Self.first]?.mayLackBeginning == false)
        // Times out of order: the first record of the later time stands before that of the earlier one.
        let odd = ReplayPlan(
            .times(from: 1000, to: 2000), present: [Self.first: 0..<100], first: [Self.first: 60],
            last: [Self.first: 40])
        #expect(odd.ranges == [Self.first: 60..<60])
    }

    @Test func topicsAreThoseOfThePipeline() throws {
        let known = ["texts": 2, "tickets-a": 1, "tickets-b": 3, "other": 1]
        #expect(
            try ReplayPlan.topics(["texts", "^tickets-.*"], known: known).keys.sorted() == [
                "texts", "tickets-a", "tickets-b",
            ])
        #expect(throws: ReplayRefusal.topic("the topic mails does not exist")) {
            try ReplayPlan.topics(["texts", "mails"], known: known)
        }
        #expect(throws: ReplayRefusal.topic("no topic matches ^mails-.*")) {
            try ReplayPlan.topics(["^mails-.*"], known: known)
        }
    }

    @Test func offsetsMustNamePartitionsThatThereAreOnce() throws {
        func partitions(_ ranges: String...) throws -> [SourcePartition] {
            try ReplayPlan.partitions(of: .offsets(ranges.compactMap { OffsetRange($0) }), topics: ["texts": 2])
        }
        #expect(try partitions("texts:1:0-", "texts:0:3-4") == [Self.second, Self.first])
        #expect(throws: ReplayRefusal.offsets("mails:0:0-1: the pipeline reads texts, not mails")) {
            try partitions("mails:0:0-1")
        }
        #expect(throws: ReplayRefusal.offsets("texts:2:0-1: the topic has partitions 0 to 1")) {
            try partitions("texts:2:0-1")
        }
        #expect(throws: ReplayRefusal.offsets("texts:0:5-6: the partition is named twice")) {
            try partitions("texts:0:0-1", "texts:0:5-6")
        }
        #expect(
            try ReplayPlan.partitions(of: .times(from: 0, to: nil), topics: ["texts": 2]) == [Self.first, Self.second])
    }
}
