import KafkaClient
import LocalServers
import Serving
import TestSupport
import Testing

@testable import Connectors

/// A pipeline that publishes: real database, two brokers, faults at the one for the output.
@Suite struct OutboxFaultTests {
    private static let settings = OutboxSettings(publishesRejected: true)

    /// A pipeline from `topic` to the topics `labels` and `rejected` of another broker.
    private func with(
        _ settings: OutboxSettings = Self.settings, properties: [String: String] = [:],
        _ body: (TestTopic, SchemaDatabase, EmbeddedBroker, LivePipeline) async throws -> Void
    ) async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with(partitions: 2) { topic in
            try await withEmbeddedBroker(topics: ["labels": 3, "rejected": 1]) { output in
                let publisher = KafkaPublisher(
                    KafkaPublisherSettings(
                        brokers: output.bootstrapServers, topics: [.labels: "labels", .rejected: "rejected"],
                        key: settings.key,
                        properties: ["reconnect.backoff.max.ms": "100"].merging(properties) { $1 }))
                let outbox = PostgresOutbox(database.settings(), pipeline: "packages", settings: settings)
                var publication = Publication(outbox: outbox, publisher: publisher)
                publication.patience = .seconds(30)
                let log = CapturedLog()
                let pipeline = try LivePipeline(
                    KafkaTextSource(topic.settings(), logger: log.logger), database, log: log, outbox: settings,
                    publication: publication)
                try await body(topic, database, output, pipeline)
            }
        }
    }

    private func published(_ count: Int, topic: String = "labels", on broker: EmbeddedBroker) async throws
        -> [SourceMessage]
    {
        let source = KafkaTextSource(
            KafkaSourceSettings(
                brokers: broker.bootstrapServers, topics: [topic], group: "readers of \(topic)",
                properties: ["session.timeout.ms": "4000", "heartbeat.interval.ms": "200"]))
        try await source.start(listener: RecordingListener())
        let messages = try await source.messages(count)
        await source.close()
        return messages
    }

    private func origin(_ message: SourceMessage) -> Origin {
        let headers = Dictionary(
            message.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }
        ) { first, _ in first }
        return Origin(
            topic: headers["lorikeet.topic"] ?? "",
            partition: headers["lorikeet.partition"].flatMap { Int32($0) } ?? -1,
            offset: headers["lorikeet.offset"].flatMap { Int64($0) } ?? -1)
    }

    /// Each record at least once, and the first publications of a partition in its order.
    private func expectAll(_ messages: [SourceMessage], _ count: Int, sourceLocation: SourceLocation = #_sourceLocation)
    {
        var seen: Set<Origin> = []
        var last: [SourcePartition: Int64] = [:]
        for origin in messages.map(origin) where seen.insert(origin).inserted {
            #expect(origin.offset > last[origin.sourcePartition] ?? -1, sourceLocation: sourceLocation)
            last[origin.sourcePartition] = origin.offset
        }
        #expect(seen.count == count, sourceLocation: sourceLocation)
    }

    private func untilEmpty(_ database: SchemaDatabase) async throws {
        try await eventually("an empty outbox") { try database.count("SELECT count(*) FROM lorikeet.outbox") == 0 }
    }

    @Test func everyRowIsPublishedInOrder() async throws {
        try await with { topic, database, output, pipeline in
            try topic.produceTexts(300)
            try topic.produce([" "])
            try await pipeline.whileRunning { await pipeline.waitUntilStored(301) }
            try await untilEmpty(database)
            expectAll(try await published(300, on: output), 300)
            let rejected = try await published(1, topic: "rejected", on: output)
            #expect(rejected.first?.payload == Array(" ".utf8))
        }
    }

    /// With `key: origin`, the partition of the source chooses the partition of the output, so that order is kept.
    @Test func keyedByOriginAPartitionStaysTogether() async throws {
        var settings = Self.settings
        settings.key = .origin
        try await with(settings) { topic, database, output, pipeline in
            try topic.produceTexts(200)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(200) }
            try await untilEmpty(database)
            let messages = try await published(200, on: output)
            expectAll(messages, 200)
            var outputs: [SourcePartition: Set<Int32>] = [:]
            for message in messages {
                let origin = origin(message)
                #expect(message.key == Array(origin.description.utf8))
                outputs[origin.sourcePartition, default: []].insert(message.origin.partition)
            }
            #expect(outputs.count == 2 && outputs.values.allSatisfy { $0.count == 1 }, "\(outputs)")
        }
    }

    /// Labels are stored while the output is away, and published once it is back.
    @Test(.timeLimit(.minutes(3))) func anOutputThatIsAwayStopsNoLabels() async throws {
        try await with { topic, database, output, pipeline in
            try output.setDown()
            try topic.produceTexts(200)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(200)
                #expect(try database.count("SELECT count(*) FROM lorikeet.outbox") == 200)
                try await eventually("an obstacle in the status") { pipeline.way.status.outbox?.obstacle != nil }
                #expect(pipeline.way.status.isReady)
                try output.setUp()
                try await untilEmpty(database)
            }
            #expect(pipeline.log.outages(of: "publisher").count == 1)
            expectAll(try await published(200, on: output), 200)
        }
    }

    /// Back-pressure: nothing is lost, and everything goes on once the output is back.
    @Test(.timeLimit(.minutes(3))) func aFullOutboxPausesTheSource() async throws {
        var settings = Self.settings
        settings.maximumRows = 50
        try await with(settings) { topic, database, output, pipeline in
            try output.setDown()
            try topic.produceTexts(100)
            try await pipeline.whileRunning {
                await pipeline.sink.state.wait { $0.messages.count >= 50 }
                try topic.produceTexts(400)
                await pipeline.sink.state.wait { $0.failures.contains { $0.cause == "outbox-full" } }
                await pipeline.source.state.wait { $0.isPaused }
                try output.setUp()
                await pipeline.waitUntilStored(500)
                try await untilEmpty(database)
            }
            expectAll(try await published(500, on: output), 500)
        }
    }

    @Test(.timeLimit(.minutes(3))) func aMissingTopicIsSaidInWords() async throws {
        try await with { topic, database, output, pipeline in
            try output.setTopicError("labels", 3)
            try topic.produceTexts(20)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(20)
                try await eventually("the topic that does not exist in the status") {
                    pipeline.way.status.outbox?.obstacle?.contains("topic labels does not exist") == true
                }
                try output.setTopicError("labels", nil)
                try await untilEmpty(database)
            }
            expectAll(try await published(20, on: output), 20)
        }
    }

    /// The topic of rejected records takes nothing: it does not exist, or the daemon may not write there.
    @Test(.timeLimit(.minutes(3)), arguments: [3, 29]) func oneMissingTopicBlocksNoOther(_ code: Int32) async throws {
        try await with { topic, database, output, pipeline in
            try output.setTopicError("rejected", code)
            try topic.produce([" "])
            try topic.produceTexts(20)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(21)
                try await eventually("only the rejected record in the outbox") {
                    try database.count("SELECT count(*) FROM lorikeet.outbox") == 1
                }
                try await eventually("the topic that takes nothing in the status") {
                    pipeline.way.status.outbox?.obstacle?.contains(code == 3 ? "topic rejected" : "AUTHORIZATION")
                        == true
                }
                try output.setTopicError("rejected", nil)
                try await untilEmpty(database)
            }
            expectAll(try await published(20, on: output), 20)
            #expect(try await published(1, topic: "rejected", on: output).count == 1)
        }
    }

    /// Rejected records that are too large are left out with a word; labels behind them are published.
    @Test(.timeLimit(.minutes(3))) func aRecordThatIsTooLargeBlocksNoOther() async throws {
        try await with(properties: ["message.max.bytes": "2000"]) { topic, database, output, pipeline in
            try topic.produce([String(repeating: " ", count: 5000)])
            try topic.produceTexts(20)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(21)
                try await untilEmpty(database)
            }
            expectAll(try await published(20, on: output), 20)
            #expect(try database.count("SELECT count(*) FROM lorikeet.rejected WHERE stage = 'extract'") == 1)
            #expect(pipeline.log.lines.value.count { $0.message.contains("broker refused a record") } == 1)
        }
    }

    /// The topic takes smaller records than the producer sends: the broker refuses them, whoever is in the batch. What
    /// is at fault ends in `rejected` and keeps its labels; what is not is published.
    @Test(.timeLimit(.minutes(3))) func aTopicThatRefusesTheSizeLosesNothing() async throws {
        let tooLarge: Int32 = 10
        try await with { topic, database, output, pipeline in
            try topic.produceTexts(1)
            try output.pushErrors(.produce, [Int32](repeating: tooLarge, count: 1000))
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(1)
                try await untilEmpty(database)
                let rejected = try database.sql("SELECT stage, reason FROM lorikeet.rejected")
                #expect(try rejected.map { try $0.text("stage") } == ["publish"])
                #expect(try rejected.first?.text("reason").contains("MSG_SIZE_TOO_LARGE") == true)
                try output.clearErrors(.produce)

                // One refusal of a batch: all of its records go again, in smaller ones.
                try output.pushErrors(.produce, [tooLarge])
                try topic.produceTexts(40)
                await pipeline.waitUntilStored(41)
                try await untilEmpty(database)
            }
            #expect(
                try database.count("SELECT count(DISTINCT \"offset\" * 2 + \"partition\") FROM lorikeet.labels") == 41)
            #expect(try database.count("SELECT count(*) FROM lorikeet.rejected") == 1)
            expectAll(try await published(40, on: output), 40)
        }
    }

    /// The database crashes between the acknowledgement and the removal, again and again.
    @Test(.timeLimit(.minutes(3))) func lostSessionsLoseNothing() async throws {
        try await with { topic, database, output, pipeline in
            try topic.produceTexts(400)
            try await pipeline.whileRunning {
                for stored in [50, 150, 250] {
                    await pipeline.waitUntilStored(stored)
                    try database.killSessions()
                }
                await pipeline.waitUntilStored(400)
                try await untilEmpty(database)
            }
            let total = try database.count("SELECT count(*) FROM lorikeet.labels")
            #expect(total == 800)
            expectAll(try await published(400, on: output), 400)
        }
    }
}
