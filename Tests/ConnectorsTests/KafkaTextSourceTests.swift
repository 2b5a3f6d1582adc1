import KafkaClient
import LocalServers
import Serving
import Testing

@testable import Connectors

@Suite struct KafkaTextSourceTests {
    @Test func everyPartOfAMessageArrives() async throws {
        try await TestTopic.with { topic in
            try topic.produce { producer in
                try producer.produce(
                    topic: topic.name, key: [0, 255], payload: Array("chess ♞".utf8),
                    headers: [
                        KafkaHeader(name: "kind", value: [0xff]), KafkaHeader(name: "kind", value: nil),
                        KafkaHeader(name: "empty", value: []),
                    ], timestamp: 1_700_000_000_123)
                try producer.produce(topic: topic.name, payload: nil)
                try producer.produce(topic: topic.name, key: [], payload: [])
            }
            try await topic.reading { source in
                let messages = try await source.messages(3)
                try #require(messages.map(\.origin) == (0..<3).map { Origin(topic: "texts", partition: 0, offset: $0) })
                #expect(messages[0].key == [0, 255])
                #expect(messages[0].payload == Array("chess ♞".utf8))
                #expect(messages[0].headers.map(\.name) == ["kind", "kind", "empty"])
                #expect(messages[0].headers.map(\.value) == [[0xff], nil, []])
                #expect(messages[0].producedAt == 1_700_000_000_123)
                #expect(messages[1].payload == nil)
                #expect(messages[1].key == nil)
                #expect(messages[2].payload == [])
                #expect(messages[2].key == [])
            }
        }
    }

    @Test func aMessageOfTenMegabytesArrivesWhole() async throws {
        try await TestTopic.with { topic in
            let payload = [UInt8](unsafeUninitializedCapacity: 10 << 20) { buffer, count in
                for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 8) }
                count = buffer.count
            }
            try topic.produce { try $0.produce(topic: topic.name, payload: payload) }
            try await topic.reading { source in
                let message = try await source.messages(1).first
                #expect(message?.payload == payload)
            }
        }
    }

    @Test func withoutACommitEverythingIsDeliveredAgain() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["a", "b", "c"])
            for _ in 0..<2 {
                try await topic.reading { source in
                    let messages = try await source.messages(3)
                    #expect(messages.map(\.origin.offset) == [0, 1, 2])
                }
            }
        }
    }

    @Test func theNextReaderStartsAtTheCommittedOffset() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["a", "b", "c", "d"])
            try await topic.reading { source in
                _ = try await source.messages(4)
                try await source.commit([SourcePartition(topic: "texts", partition: 0): 3])
            }
            try await topic.reading { source in
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.offset) == [3])
            }
        }
    }

    @Test(arguments: [Int32(22), 25])
    func aCommitThatTheGroupRefusesIsMadeGood(_ code: Int32) async throws {
        try await TestTopic.with { topic in
            try topic.produce(["a", "b", "c"])
            let listener = RecordingListener()
            try await topic.reading(listener: listener) { source in
                _ = try await source.messages(3)
                try topic.broker.pushErrors(.offsetCommit, [code])
                try await source.commit([SourcePartition(topic: "texts", partition: 0): 2])
                // Either the position is committed after this poll, or the member has to join anew and reads all again.
                _ = try await source.next()
                try await source.poll { _ in !listener.heard.owned.isEmpty }
                try await source.commit([SourcePartition(topic: "texts", partition: 0): 2])
            }
            try await topic.reading { source in
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.offset) == [2])
            }
        }
    }

    @Test func offsetsOfRevokedPartitionsAreCommittedFirst() async throws {
        try await TestTopic.with(partitions: 2) { topic in
            for partition in 0..<Int32(2) { try topic.produce(["a", "b", "c"], partition: partition) }
            let listener = RecordingListener { Dictionary(uniqueKeysWithValues: $0.map { ($0, 2) }) }
            try await topic.reading(listener: listener) { _ = try await $0.messages(6) }
            #expect(Set(listener.heard.revoked) == Set((0..<2).map { SourcePartition(topic: "texts", partition: $0) }))
            try await topic.reading { source in
                let messages = try await source.messages(2)
                #expect(messages.map(\.origin.offset) == [2, 2])
            }
        }
    }

    @Test func aSecondMemberTakesItsShareAndGivesItBack() async throws {
        try await TestTopic.with(partitions: 4) { topic in
            let (first, second) = (RecordingListener(), RecordingListener())
            try await topic.reading(listener: first) { source in
                try await source.poll { _ in first.heard.owned.count == 4 }
                try await topic.reading(listener: second) { other in
                    for _ in 0..<600 where second.heard.owned.count != 2 || first.heard.owned.count != 2 {
                        _ = try await source.next()
                        _ = try await other.next()
                    }
                    #expect(first.heard.owned.count == 2)
                    #expect(first.heard.owned.isDisjoint(with: second.heard.owned))
                    #expect(first.heard.owned.union(second.heard.owned).count == 4)
                }
                try await source.poll { _ in first.heard.owned.count == 4 }
                for partition in 0..<Int32(4) { try topic.produce(["text"], partition: partition) }
                #expect(Set(try await source.messages(4).map(\.origin.partition)) == [0, 1, 2, 3])
            }
        }
    }

    @Test func aPausedSourceKeepsItsPartitionsAndDeliversNothing() async throws {
        try await TestTopic.with { topic in
            let listener = RecordingListener()
            try await topic.reading(listener: listener) { source in
                try await source.poll { _ in !listener.heard.owned.isEmpty }
                try await source.pause()
                try topic.produce(["a", "b"])
                for _ in 0..<5 {
                    let messages = try await source.next()
                    #expect(messages.isEmpty)
                }
                #expect(await source.lag() == [SourcePartition(topic: "texts", partition: 0): 2])
                #expect(listener.heard.revoked.isEmpty)
                try await source.resume()
                #expect(try await source.messages(2).count == 2)
            }
        }
    }

    @Test func anUnavailableBrokerIsReportedUntilItRecovers() async throws {
        try await TestTopic.with { topic in
            try topic.produce(["a"])
            try await topic.reading { source in
                _ = try await source.messages(1)
                try topic.broker.setDown()
                let failure = await source.failure()
                #expect(failure?.action == .retry)
                #expect(failure?.reason.contains("_ALL_BROKERS_DOWN") == true)
                await #expect(throws: ConnectorError.self) { try await source.next() }

                try topic.broker.setUp()
                for _ in 0..<600 { if (try? await source.next()) != nil { break } }
                try topic.produce(["b"])
                let messages = try await source.messages(1)
                #expect(messages.map(\.origin.offset) == [1])
            }
        }
    }

    @Test func missingPermissionStops() async throws {
        try await TestTopic.with { topic in
            try topic.broker.pushErrors(.joinGroup, [30])
            try await topic.reading { source in
                let failure = await source.failure()
                #expect(failure?.action == .stop)
                #expect(failure?.reason.contains("GROUP_AUTHORIZATION_FAILED") == true)
            }
        }
    }

    /// The mock broker takes a static member for a dynamic one, but it can answer as a coordinator with a newer one.
    @Test(arguments: [KafkaAPI.heartbeat, .joinGroup])
    func aFencedMemberStopsAndSaysWhatToDo(_ api: KafkaAPI) async throws {
        try await TestTopic.with { topic in
            var settings = topic.settings()
            settings.groupInstanceID = "lorikeet-packages-web-1-0123456789abcdef"
            if api == .joinGroup { try topic.broker.pushErrors(api, [82]) }
            try await topic.reading(settings) { source in
                if api == .heartbeat {
                    try topic.produce(["text"])
                    _ = try await source.messages(1)
                    try topic.broker.pushErrors(api, [82])
                }
                let failure = await source.failure()
                #expect(failure?.action == .stop && failure?.cause == "FENCED_INSTANCE_ID")
                #expect(failure?.reason.contains("group-instance-*") == true, "\(failure as Any)")
            }
        }
    }

    @Test func aStaticMemberHasItsIDUnlessThePropertiesHaveAnother() {
        var settings = KafkaSourceSettings(brokers: "h:1", topics: ["texts"], group: "readers")
        #expect(settings.consumerProperties["group.instance.id"] == nil)
        settings.groupInstanceID = "made"
        #expect(settings.consumerProperties["group.instance.id"] == "made")
        settings.properties["group.instance.id"] = "given"
        #expect(settings.consumerProperties["group.instance.id"] == "given")
    }

    @Test(arguments: [
        ["enable.auto.commit": "true"], ["group.id": "other"], ["no.such.property": "hunter2"],
        ["session.timeout.ms": "soon"],
    ])
    func propertiesThatCannotBeSetStop(_ properties: [String: String]) async throws {
        let settings = KafkaSourceSettings(
            brokers: "127.0.0.1:1", topics: ["texts"], group: "readers", properties: properties)
        let source = KafkaTextSource(settings)
        let error = await #expect(throws: ConnectorError.self) { try await source.start(listener: RecordingListener()) }
        #expect(error?.action == .stop)
        #expect(error?.reason.contains(properties.keys.first ?? "") == true)
        #expect(error?.reason.contains("hunter2") == false)
        await source.close()
    }

    @Test func aSourceThatWasNotStartedThrows() async throws {
        let source = KafkaTextSource(KafkaSourceSettings(brokers: "127.0.0.1:1", topics: ["texts"], group: "readers"))
        #expect(await source.failure()?.action == .stop)
        #expect(await source.lag().isEmpty)
        await source.close()
    }

    /// Back-pressure, a rebalance, and the pressure is gone before the partitions are back.
    @Test func partitionsRevokedWhilePausedAreReadWhenAssignedAgain() async throws {
        try await TestTopic.with(partitions: 2) { topic in
            try topic.produceTexts(40)
            let listener = RecordingListener()
            try await topic.reading(listener: listener) { source in
                _ = try await source.messages(40)
                try await source.pause()
                let other = KafkaTextSource(topic.settings())
                try await other.start(listener: RecordingListener())
                let others = Task { while !Task.isCancelled { _ = try await other.next() } }
                try await source.poll { _ in listener.heard.owned.isEmpty }
                try await source.resume()
                // Nothing was committed: whoever has a partition reads it from its beginning.
                _ = try await source.messages(20)
                others.cancel()
                _ = await others.result
                await other.close()
            }
        }
    }
}
