import Serving
import TestSupport
import Testing

/// Topics that are missing, grow, or are made anew; positions that are gone; records of every kind.
@Suite(.timeLimit(.minutes(5))) struct KafkaTopicFaultTests {
    @Test func aTopicThatIsMissingAtTheStart() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            try topic.broker.setTopicError(topic.name, 3)  // UNKNOWN_TOPIC_OR_PART
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning {
                await pipeline.source.state.wait { $0.failures.count >= 3 }
                #expect(pipeline.way.status.waitingFor?.contains("UNKNOWN_TOPIC_OR_PART") == true)
                try topic.broker.setTopicError(topic.name, nil)
                try topic.produceTexts(30, partitions: 1)
                await pipeline.waitUntilStored(30)
                #expect(pipeline.way.status.isReady)
            }
            pipeline.expectOutages(of: "source", causes: ["UNKNOWN_TOPIC_OR_PART"])
            try pipeline.expectEveryMessageOnce(30)
        }
    }

    @Test func partitionsThatAreAdded() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with(partitions: 4) { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            proxy.view.update { $0.partitions = 1 }
            let pipeline = try LivePipeline(reading: topic.settings(brokers: proxy.bootstrapServers), database)
            try topic.produceTexts(40, partitions: 1)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(40)
                #expect(pipeline.source.state.value.assigned.count == 1)
                proxy.view.update { $0.partitions = .max }
                // Written before this group knows of the partitions: read from their beginning all the same.
                try topic.produceTexts(80, partitions: 4)
                await pipeline.waitUntilStored(120)
                #expect(pipeline.source.state.value.assigned.count == 4)
            }
            try pipeline.expectEveryMessageOnce(120)
        }
    }

    /// Offsets begin at 0 again; the new texts get rows of their own, and the old rows stay.
    @Test func aTopicThatIsDeletedAndCreatedAgain() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            let pipeline = try LivePipeline(reading: topic.settings(brokers: proxy.bootstrapServers), database)
            try topic.produceTexts(50, partitions: 1, from: 1_700_000_000_000)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(50)
                try await TestTopic.with { anew in
                    try proxy.replace(by: anew.broker)
                    try anew.produceTexts(30, partitions: 1, from: 1_800_000_000_000)
                    await pipeline.waitUntilStored(80)
                }
            }
            try pipeline.expectEveryMessageOnce(80)
            #expect(
                try database.count("SELECT count(*) FROM lorikeet.labels WHERE \"offset\" = 0 AND task = 'mood'") == 2)
        }
    }

    /// The group's position lies behind the end: a topic made anew, or one that lost its tail.
    @Test func anOffsetOutOfRangeIsCountedAndReported() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            try topic.produceTexts(20, partitions: 1)
            try await topic.reading { source in
                _ = try await source.messages(20)
                try await source.commit([SourcePartition(topic: topic.name, partition: 0): 1000])
            }
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(20) }
            let said = pipeline.log.lines("committed offset out of range, reset")
            #expect(said.count == 1 && said.first?.level == .warning, "\(pipeline.log.lines.value)")
            #expect(said.first?.metadata["reason"]?.contains("texts [0]") == true)
            #expect(pipeline.metrics.counters(label: MetricNames.offsetResets).first?.totalValue == 1)
            try pipeline.expectEveryMessageOnce(20)
        }
    }

    @Test func aNewGroupIsNotAReset() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            try topic.produceTexts(20, partitions: 1)
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(20) }
            #expect(pipeline.metrics.counters(label: MetricNames.offsetResets).first?.totalValue == 0)
        }
    }

    // MARK: - Records

    @Test func compressedRecords() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
            for codec in codecs {
                try topic.produceTexts(40, partitions: 1, properties: ["compression.codec": codec, "linger.ms": "20"])
            }
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(200) }
            try pipeline.expectEveryMessageOnce(200)
            #expect(try database.count("SELECT count(DISTINCT text) FROM lorikeet.labelled_texts") == 40)
        }
    }

    /// Each offset is its own text, also where the record is the same, timestamp and all.
    @Test func duplicatesInTheTopic() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            try topic.produce { producer in
                for _ in 0..<25 {
                    try producer.produce(
                        topic: topic.name, key: [1], payload: Array("the same".utf8), timestamp: 1_700_000_000_000)
                }
            }
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(25) }
            try pipeline.expectEveryMessageOnce(25)
        }
    }

    /// The embedded broker keeps transactional records but neither markers nor the list of those that were aborted,
    /// which the proxy adds to its answers.
    @Test func abortedRecordsAreNotRead() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            try topic.produceTransaction(10, identity: "kept")
            try topic.produceTransaction(10, identity: "undone")
            try topic.produceTexts(10, partitions: 1)
            proxy.view.update { $0.abortedOffsets = [10] }
            let pipeline = try LivePipeline(reading: topic.settings(brokers: proxy.bootstrapServers), database)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(20)
                await pipeline.source.state.wait { $0.committed.values.first == 30 }
            }
            try pipeline.expectEveryMessageOnce(20)
            #expect(try database.count("SELECT count(*) FROM lorikeet.messages WHERE text LIKE '%undone%'") == 0)
        }
    }
}
