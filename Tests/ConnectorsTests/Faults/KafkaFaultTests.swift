import Foundation
import Serving
import TestSupport
import Testing

@testable import Connectors

/// A whole serving path whose brokers fail: nothing is lost, nothing doubled, and the operator sees it.
@Suite(.timeLimit(.minutes(5))) struct KafkaFaultTests {
    /// A topic, a database, and a serving pipeline between them that has stored `count` messages already.
    private func withStream(
        _ count: Int = 60, properties: [String: String] = [:],
        _ body: (TestTopic, SchemaDatabase, LivePipeline) async throws -> Void
    ) async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with(partitions: 2) { topic in
            var settings = topic.settings()
            // Longer than any of these faults: the group does not throw its member out.
            settings.properties.merge(["session.timeout.ms": "120000"]) { $1 }
            settings.properties.merge(properties) { $1 }
            let pipeline = try LivePipeline(reading: settings, database)
            try topic.produceTexts(count)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(count)
                await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == Int64(count) }
                try await body(topic, database, pipeline)
            }
        }
    }

    @Test func brokersThatAreUnavailableForAWhile() async throws {
        try await withStream { topic, database, pipeline in
            try topic.broker.setDown()
            await pipeline.source.state.wait { $0.failures.count >= 3 }
            let status = pipeline.way.status
            #expect(status.state == .waiting && !status.isReady)
            #expect(status.waitingFor?.contains("_ALL_BROKERS_DOWN") == true)
            try topic.broker.setUp()
            try topic.produceTexts(60)
            await pipeline.waitUntilStored(120)
            await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 120 }
            #expect(pipeline.way.status.isReady)
            pipeline.expectOutages(of: "source", causes: ["_ALL_BROKERS_DOWN"], reason: "_ALL_BROKERS_DOWN")
            #expect(pipeline.source.state.value.losses == 0)
            try pipeline.expectEveryMessageOnce(120)
        }
    }

    /// Codes that a broker gives while leaders move, coordinators load and disks fail; each kind of request meets its
    /// own.
    @Test func errorCodesOfEveryRequest() async throws {
        try await withStream { topic, database, pipeline in
            let leader: [Int32] = [6, 5, 3, 9, 56, 7, -195]
            let group: [Int32] = [14, 15, 16, 27, -195]
            try topic.broker.pushErrors(.fetch, leader)
            try topic.broker.pushErrors(.metadata, [5, 7, -195])
            try topic.broker.pushErrors(.offsetCommit, group)
            try topic.broker.pushErrors(.heartbeat, [14, 15, 16])
            try topic.broker.pushErrors(.findCoordinator, [15, 14])
            try topic.broker.pushErrors(.listOffsets, leader)
            for _ in 0..<5 { try topic.produceTexts(20) }
            await pipeline.waitUntilStored(160)
            await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 160 }
            // The last error may come after the last message.
            try await eventually("the end of each outage") {
                pipeline.log.outages().count == pipeline.log.recoveries().count
            }
            try pipeline.expectEveryMessageOnce(160)
        }
    }

    @Test func errorsWhileTheGroupIsJoined() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            try topic.broker.pushErrors(.findCoordinator, [15, -195])
            try topic.broker.pushErrors(.joinGroup, [25])
            try topic.broker.pushErrors(.syncGroup, [27])
            try topic.broker.pushErrors(.offsetFetch, [14, 16])
            try topic.produceTexts(20, partitions: 1)
            let pipeline = try LivePipeline(reading: topic.settings(), database)
            try await pipeline.whileRunning { await pipeline.waitUntilStored(20) }
            try pipeline.expectEveryMessageOnce(20)
        }
    }

    @Test func slowAnswersAreNotAnOutage() async throws {
        try await withStream { topic, database, pipeline in
            try topic.broker.setRoundTrip(.milliseconds(50))
            try topic.broker.pushAnswers(
                .fetch, [(0, .milliseconds(300)), (6, .milliseconds(200)), (0, .milliseconds(100))])
            try topic.broker.pushAnswers(.offsetCommit, [(0, .milliseconds(300)), (0, .milliseconds(300))])
            for _ in 0..<3 { try topic.produceTexts(20) }
            await pipeline.waitUntilStored(120)
            await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 120 }
            #expect(pipeline.log.outages().isEmpty, "\(pipeline.log.outages())")
            try pipeline.expectEveryMessageOnce(120)
        }
    }

    /// Rows go on, the source is held back, and polls go on, so that the group is kept.
    @Test func commitsThatAreRefusedForAWhile() async throws {
        try await withStream { topic, database, pipeline in
            try topic.broker.pushErrors(.offsetCommit, Array(repeating: 12, count: 5))  // OFFSET_METADATA_TOO_LARGE
            try topic.produceTexts(20)
            await pipeline.source.state.wait { $0.failures.count == 1 }
            let polls = pipeline.source.state.value.polls
            await pipeline.source.state.wait { $0.failures.count == 5 && $0.polls > polls }
            await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 80 && !$0.isPaused }
            #expect(pipeline.source.state.value.revocations == 0)
            pipeline.expectOutages(of: "source", causes: ["OFFSET_METADATA_TOO_LARGE"], reason: "while committing")
            try pipeline.expectEveryMessageOnce(80)
        }
    }

    /// Polls do not wait for what is in flight, so the group never takes a slow member for a dead one.
    @Test func processingSlowerThanTheLongestPollInterval() async throws {
        let limit = ["max.poll.interval.ms": "4000", "session.timeout.ms": "4000"]
        try await withStream(properties: limit) { topic, database, pipeline in
            let holder = try database.connect()
            try holder.execute("BEGIN")
            try holder.execute("LOCK TABLE lorikeet.labels IN EXCLUSIVE MODE")
            try topic.produceTexts(60)
            try await database.waitUntilBlocked()
            let began = ContinuousClock.now
            await pipeline.source.state.wait { _ in ContinuousClock.now - began > .milliseconds(4500) }
            holder.close()
            await pipeline.waitUntilStored(120)
            #expect(!pipeline.log.lines.value.contains { $0.metadata["facility"] == "MAXPOLL" })
            try pipeline.expectEveryMessageOnce(120)
        }
    }

    /// librdkafka gives both the code of a wrong password.
    @Test(arguments: [FakeSASLBroker.Step.handshake, .authenticate])
    func aLoginThatBreaksOffIsRetried(_ step: FakeSASLBroker.Step) async throws {
        let database = try await SchemaDatabase.make()
        let broker = try FakeSASLBroker(hangsUpAt: step)
        defer { broker.stop() }
        let settings = KafkaSourceSettings(
            brokers: broker.bootstrapServers, topics: ["texts"], group: "readers",
            properties: [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "lorikeet",
                "sasl.password": "hunter2", "reconnect.backoff.max.ms": "100",
            ])
        let pipeline = try LivePipeline(reading: settings, database)
        try await pipeline.whileRunning {
            await pipeline.source.state.wait { $0.failures.count >= 2 }
            #expect(pipeline.source.state.value.failures.allSatisfy { $0.action == .retry })
            #expect(!pipeline.way.status.isReady)
        }
    }

    @Test func wrongCredentialsStopAndAreNotShown() async throws {
        let database = try await SchemaDatabase.make()
        let broker = try FakeSASLBroker()
        defer { broker.stop() }
        let settings = KafkaSourceSettings(
            brokers: broker.bootstrapServers, topics: ["texts"], group: "readers",
            properties: [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "lorikeet",
                "sasl.password": "hunter2",
            ])
        let pipeline = try LivePipeline(reading: settings, database)
        let error = await #expect(throws: ServingError.self) { try await pipeline.whileRunning(drains: false) {} }
        #expect(error?.description.contains("_AUTHENTICATION") == true, "\(String(describing: error))")
        let stops = pipeline.log.lines("pipeline failed")
        #expect(stops.count == 1)
        #expect(stops.first?.metadata["reason"]?.contains("_AUTHENTICATION") == true)
        #expect(!pipeline.log.lines.value.contains { "\($0)".contains("hunter2") })
    }

    // MARK: - The network

    /// A serving pipeline behind a proxy that no client can get around.
    private func withProxy(_ body: (TestTopic, KafkaFaultProxy, LivePipeline) async throws -> Void) async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with(partitions: 2) { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            let pipeline = try LivePipeline(reading: topic.settings(brokers: proxy.bootstrapServers), database)
            try topic.produceTexts(60)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(60)
                await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 60 }
                try await body(topic, proxy, pipeline)
            }
            try pipeline.expectEveryMessageOnce(120)
        }
    }

    @Test func connectionsThatAreCut() async throws {
        try await withProxy { topic, proxy, pipeline in
            for round in 1...6 {
                proxy.proxy.cut()
                try topic.produceTexts(10)
                await pipeline.waitUntilStored(60 + 10 * round)
            }
        }
    }

    @Test func connectionsThatAreRefused() async throws {
        try await withProxy { topic, proxy, pipeline in
            proxy.proxy.refuse()
            try topic.produceTexts(60)
            await pipeline.source.state.wait { $0.failures.count >= 3 }
            #expect(pipeline.way.status.waitingFor?.contains("_ALL_BROKERS_DOWN") == true)
            try proxy.proxy.accept()
            await pipeline.waitUntilStored(120)
            await pipeline.source.state.wait { $0.committed.values.reduce(0, +) == 120 }
            pipeline.expectOutages(of: "source")
        }
    }

    /// Nothing answers while the offsets of what is stored are still to be committed: the last commit and the end of
    /// the membership have limits of their own.
    @Test func anEndBehindAHalfOpenConnection() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            var settings = topic.settings(brokers: proxy.bootstrapServers)
            (settings.commitTimeout, settings.leavePatience) = (.milliseconds(300), .milliseconds(300))
            let pipeline = try LivePipeline(reading: settings, database) { $0.commitInterval = .seconds(3600) }
            try topic.produceTexts(20, partitions: 1)
            var began = ContinuousClock.now
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(20)
                proxy.proxy.setMode(.halfOpen)
                began = .now
            }
            // The limits given here are far below this; the defaults add up to more.
            #expect(ContinuousClock.now - began < .seconds(14))
            #expect(pipeline.source.state.value.committed.isEmpty)
        }
    }

    @Test func connectionsThatAreHalfOpen() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            var settings = topic.settings(brokers: proxy.bootstrapServers)
            settings.properties.merge(["socket.timeout.ms": "1000", "api.version.request.timeout.ms": "1000"]) { $1 }
            let pipeline = try LivePipeline(reading: settings, database)
            try topic.produceTexts(20, partitions: 1)
            try await pipeline.whileRunning {
                await pipeline.waitUntilStored(20)
                proxy.proxy.setMode(.halfOpen)
                try topic.produceTexts(20, partitions: 1)
                await pipeline.source.state.wait { !$0.failures.isEmpty }
                proxy.proxy.setMode(.forward)
                proxy.proxy.cut()
                await pipeline.waitUntilStored(40)
            }
            try pipeline.expectEveryMessageOnce(40)
        }
    }

    @Test func aNameThatDoesNotResolve() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            let proxy = try KafkaFaultProxy(broker: topic.broker)
            defer { proxy.stop() }
            proxy.proxy.refuse()
            let settings = topic.settings(brokers: "broker.invalid:9092,\(proxy.bootstrapServers)")
            let pipeline = try LivePipeline(reading: settings, database)
            try topic.produceTexts(20, partitions: 1)
            try await pipeline.whileRunning {
                await pipeline.source.state.wait { $0.failures.count >= 2 }
                #expect(pipeline.source.state.value.failures.allSatisfy { $0.action == .retry })
                try proxy.proxy.accept()
                await pipeline.waitUntilStored(20)
            }
            try pipeline.expectEveryMessageOnce(20)
        }
    }

    /// A port that speaks something else than TLS: what a client meets whose `security.protocol` is wrong, or whose
    /// broker's is.
    @Test func aFailedHandshakeIsReported() async throws {
        let database = try await SchemaDatabase.make()
        try await TestTopic.with { topic in
            var settings = topic.settings()
            settings.properties["security.protocol"] = "ssl"
            let pipeline = try LivePipeline(reading: settings, database)
            try await pipeline.whileRunning {
                await pipeline.source.state.wait { $0.failures.count >= 2 }
                #expect(pipeline.source.state.value.failures.allSatisfy { $0.action == .retry })
                #expect(!pipeline.way.status.isReady)
            }
            #expect(pipeline.log.outages(of: "source").count == 1)
        }
    }

    /// Without trust nothing is sent, and waiting may help: a certificate can be put right.
    @Test func aCertificateThatIsNotTrusted() async throws {
        let folder = try TemporaryFolder()
        let server = try TLSServer(folder: folder.path)
        defer { server.stop() }
        let database = try await SchemaDatabase.make()
        let settings = KafkaSourceSettings(
            brokers: server.address, topics: ["texts"], group: "readers",
            properties: [
                "security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN", "sasl.username": "lorikeet",
                "sasl.password": "hunter2",
                "ssl.ca.location": server.otherCertificate, "reconnect.backoff.max.ms": "100",
            ])
        let pipeline = try LivePipeline(reading: settings, database)
        try await pipeline.whileRunning {
            await pipeline.source.state.wait { $0.failures.count >= 2 }
            // librdkafka says `_SSL`, or that the last broker went, which is this one.
            let failures = pipeline.source.state.value.failures
            #expect(failures.allSatisfy { $0.action == .retry && ["_SSL", "_ALL_BROKERS_DOWN"].contains($0.cause) })
            #expect(failures.allSatisfy { $0.reason.contains("certificate") })
            #expect(pipeline.way.status.waitingFor?.contains("certificate") == true)
        }
        let lines = pipeline.log.outages(of: "source")
        #expect(lines.count == 1)
        #expect(lines.first?.metadata["reason"]?.contains("certificate") == true, "\(lines)")
        #expect(!pipeline.log.lines.value.contains { "\($0)".contains("hunter2") })
    }
}
