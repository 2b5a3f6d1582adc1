import Connectors
import DaemonFixtures
import Foundation
import PostgresClient
import Serving
import Synchronization
import TestSupport
import Testing

@testable import Operations

/// A part of a topic takes the serving path again, and its rows are the same rows.
@Suite(.serialized) struct ReplayOperationTests {
    private static let all = ["texts:0:0-", "texts:1:0-"]

    private static func replay(
        _ fixture: DaemonFixture, _ file: String, _ ranges: [String] = all, task: String? = nil, rate: Double? = nil,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ReplayReport {
        let request = ReplayRequest(
            file: file, selection: .offsets(ranges.compactMap { OffsetRange($0) }), task: task, rate: rate, workers: 1)
        return try await ReplayOperation.run(
            request, environment: fixture.environment, logger: fixture.log.logger, progress: progress)
    }

    /// The rows without when they were written, and without figures whose last digits may depend on the batch.
    private static func rows(_ fixture: DaemonFixture) throws -> [String] {
        try fixture.execute(
            """
            SELECT (to_jsonb(l) - '{labelled_at,score,scores,distance}'::text[])::text AS row
            FROM lorikeet.labels AS l
            ORDER BY topic, "partition", "offset", task
            """
        ).rows.map { try $0.text("row") }
    }

    /// A pipeline whose daemon has labelled so many texts.
    private static func withLabelled(
        _ count: Int, _ body: (DaemonFixture, _ file: String) async throws -> Void
    ) async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try fixture.produce(count)
            try await fixture.withDaemon(file) { _ in try await fixture.untilLabelled(count) }
            try await body(fixture, file)
        }
    }

    @Test func theRowsAreThoseOfTheDaemon() async throws {
        try await Self.withLabelled(40) { fixture, file in
            let before = try Self.rows(fixture)
            try fixture.execute("UPDATE lorikeet.labels SET label = 'loud', score = 2e-9, adapter_digest = 'none'")
            #expect(try Self.rows(fixture) != before)
            let report = try await Self.replay(fixture, file)
            #expect((report.read, report.labelled, report.rejected, report.dropped) == (40, 40, 0, 0))
            #expect(report.isComplete && report.rest.isEmpty && report.notes.isEmpty && report.outbox == nil)
            #expect(report.partitions.map(\.read) == [20, 20] && report.partitions.map(\.last) == [19, 19])
            #expect(try Self.rows(fixture) == before)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels WHERE score = 2e-9") == 0)
        }
    }

    @Test func onlyTheRangeIsReadAndTheGroupStaysWhereItIs() async throws {
        try await Self.withLabelled(40) { fixture, file in
            try fixture.execute("DELETE FROM lorikeet.labels")
            let report = try await Self.replay(fixture, file, ["texts:0:5-9", "texts:1:18-99"])
            #expect(report.read == 7 && report.labelled == 7 && report.isComplete)
            #expect(report.notes == ["texts:1: offsets 20 to 99 are not there yet"])
            #expect(
                try fixture.number(
                    "SELECT count(*) AS n FROM lorikeet.labels WHERE \"partition\" = 0 AND \"offset\" BETWEEN 5 AND 9")
                    == 5)
            // A group that had lost its offsets would read everything again.
            try fixture.produce(4, from: 40)
            try await fixture.withDaemon(file) { _ in try await fixture.untilLabelled(11) }
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 11)
        }
    }

    @Test func rejectedAndDroppedRecordsAreCounted() async throws {
        try await Self.withLabelled(4) { fixture, file in
            let producer = try fixture.broker.makeProducer()
            try producer.produce(topic: "texts", partition: 0, payload: [0xFF, 0xFE], timestamp: 5)
            try producer.produce(topic: "texts", partition: 0, payload: nil, timestamp: 6)
            try producer.flush(timeout: .seconds(20))
            let yaml = try String(contentsOfFile: file, encoding: .utf8)
            try fixture.folder.write("p.yaml", yaml.replacing("source:\n", with: "source:\n  null_payload: drop\n"))
            let report = try await Self.replay(fixture, file)
            #expect((report.read, report.labelled, report.rejected, report.dropped) == (6, 4, 1, 1))
            #expect(report.isComplete)
        }
    }

    @Test func oneTaskLeavesTheRowsOfOthersAndRejectedRecords() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            try fixture.writeAdapter("second", seed: 2, labels: ["minus", "plus"])
            let yaml = try String(contentsOfFile: try fixture.writePipeline(), encoding: .utf8)
            let file = try fixture.folder.write(
                "p.yaml",
                yaml.replacing("tasks:\n", with: "tasks:\n  mood: { labels: [minus, plus], adapter: second }\n"))
            try fixture.produce(10)
            try await fixture.withDaemon(file) { _ in try await fixture.untilLabelled(20) }
            let before = try Self.rows(fixture)
            try fixture.execute("UPDATE lorikeet.labels SET adapter_digest = 'none'")
            try fixture.execute(
                """
                INSERT INTO lorikeet.rejected (pipeline, topic, "partition", "offset", produced_at, stage, reason)
                SELECT pipeline, topic, "partition", "offset", produced_at, 'classify', 'a task failed'
                FROM lorikeet.labels WHERE task = 'mood' AND "offset" = 0
                """)
            let one = try await Self.replay(fixture, file, task: "mood")
            #expect(one.labelled == 10 && one.isComplete)
            let changed = Set(try Self.rows(fixture)).intersection(before)
            #expect(changed.count == 10 && changed.allSatisfy { $0.contains("\"task\": \"mood\"") })
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 2)
            let whole = try await Self.replay(fixture, file)
            #expect(whole.labelled == 10)
            #expect(try Self.rows(fixture) == before)
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.rejected") == 0)
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await Self.replay(fixture, file, task: "moods")
            }
            #expect(failure?.status == .usage && failure?.message.contains("did you mean mood?") == true)
        }
    }

    @Test func anInterruptedReplayContinuesWhereItSays() async throws {
        try await Self.withLabelled(120) { fixture, file in
            let before = try Self.rows(fixture)
            try fixture.execute("DELETE FROM lorikeet.labels")
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            let work = Task {
                try await Self.replay(fixture, file, rate: 40) { done, _ in if done >= 8 { begin.yield() } }
            }
            for await _ in begun { break }
            work.cancel()
            let report = try await work.value
            #expect(!report.isComplete && !report.rest.isEmpty && report.read < 120)
            // Everything that was read is settled.
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == report.read)
            let rest = try await Self.replay(fixture, file, report.rest)
            #expect(rest.isComplete && rest.read == 120 - report.read)
            #expect(try Self.rows(fixture) == before)
        }
    }

    /// The live adapters of the registry label, not those that made the rows.
    @Test func theLiveAdapterLabels() async throws {
        try await Self.withLabelled(10) { fixture, file in
            let store = PostgresAdapterStore(fixture.settings)
            let second = try fixture.model.adapter(labels: DaemonFixture.labels, seed: 2)
            let version = try await store.publish(task: "noise", adapter: second, metrics: [:], parentDigest: nil)
            _ = try await store.promote(task: "noise", version: version.version)
            await store.close()
            _ = try await Self.replay(fixture, file)
            #expect(try fixture.digests() == [second.digest])
        }
    }

    @Test func nothingInTheRangeIsAResult() async throws {
        try await DaemonFixture.with { fixture in
            // Neither labels nor a live adapter are needed for nothing.
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let report = try await Self.replay(fixture, file, ["texts:0:5-9"])
            #expect(report.isComplete && report.read == 0)
            #expect(report.notes == ["texts:0: offsets 5 to 9 are not there yet"])
            let times = ReplayRequest(file: file, selection: .times(from: 1000, to: 2000), workers: 1)
            let none = try await ReplayOperation.run(
                times, environment: fixture.environment, logger: fixture.log.logger)
            #expect(none.isComplete && none.partitions.count == 2)
        }
    }

    @Test func whatCannotBeReadIsNamed() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            let yaml = try String(contentsOfFile: file, encoding: .utf8)
            func failure(_ ranges: [String], _ change: (String, String)? = nil) async throws -> CommandFailure? {
                try fixture.folder.write("p.yaml", change.map { yaml.replacing($0.0, with: $0.1) } ?? yaml)
                return await #expect(throws: CommandFailure.self) {
                    _ = try await Self.replay(fixture, file, ranges)
                }
            }
            let partition = try await failure(["texts:2:0-"])
            #expect(partition?.status == .usage && partition?.message.contains("has partitions 0 to 1") == true)
            let other = try await failure(["mails:0:0-"])
            #expect(other?.status == .usage && other?.message.contains("the pipeline reads texts") == true)
            let topic = try await failure(Self.all, ("topics: [texts]", "topics: [mails]"))
            #expect(topic?.status == .failed && topic?.message.contains("the topic mails does not exist") == true)
            let broker = try await failure(Self.all, (fixture.broker.bootstrapServers, "127.0.0.1:1"))
            #expect(broker?.status == .failed && broker?.message.contains("127.0.0.1:1 do not answer") == true)
            try fixture.produce(2)
            let adapter = try await failure(Self.all)
            #expect(adapter?.status == .configuration && adapter?.message.contains("no live adapter") == true)
        }
    }

    /// Records in the middle and at the end are of transactions that were aborted: their offsets hold nothing, and the
    /// command does not wait for them. Compaction leaves the same holes, for which there is `RangeProgressTests`.
    @Test(.timeLimit(.minutes(2))) func offsetsWithoutARecordArePassedOver() async throws {
        try await DaemonFixture.with { fixture in
            try await fixture.promote(try fixture.writeAdapter("first"))
            let proxy = try KafkaFaultProxy(broker: fixture.broker)
            defer { proxy.stop() }
            for (identity, count) in [("kept", 10), ("gone", 10), ("kept too", 10), ("gone too", 10)] {
                let producer = try TransactionalProducer(
                    brokers: fixture.broker.bootstrapServers, identity: identity)
                try producer.transaction {
                    for number in 0..<count {
                        try producer.produce(
                            topic: "texts", partition: 0, payload: Array("\(identity) \(number)".utf8))
                    }
                }
            }
            proxy.view.update { $0.abortedOffsets = [10, 30] }
            let file = try fixture.writePipeline(brokers: proxy.bootstrapServers)
            let report = try await Self.replay(fixture, file, ["texts:0:0-"])
            #expect((report.read, report.labelled, report.rejected) == (20, 20, 0) && report.isComplete)
            #expect(report.notes == ["texts:0: 20 offsets hold no record (compaction, transactions)"])
            let texts = "SELECT count(*) AS n FROM lorikeet.messages WHERE text LIKE"
            #expect(try fixture.number("\(texts) 'kept%'") == 20 && fixture.number("\(texts) 'gone%'") == 0)
        }
    }
}
