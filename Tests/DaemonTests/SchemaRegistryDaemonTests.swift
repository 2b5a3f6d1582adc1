import DaemonFixtures
import TestSupport
import Testing

@testable import Daemon
@testable import Operations

/// Avro behind a schema registry, from the topic to the table: a real database, a broker and a registry on sockets.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SchemaRegistryDaemonTests {
    private static let schema =
        #"{"type":"record","name":"T","fields":[{"name":"kind","type":"string"},{"name":"body","type":"string"}]}"#
    /// With a field more, before the others.
    private static let newer =
        #"""
        {"type":"record","name":"T","fields":[{"name":"id","type":"long"},
          {"name":"kind","type":"string"},{"name":"body","type":["null","string"]}]}
        """#

    private static let login = ", username: reader, password: hunter2"

    /// - Parameter source: one more key of the source.
    private func writePipeline(
        _ fixture: DaemonFixture, _ registry: RegistryServer, login: String = "", format: String = "auto",
        source: String = "", output: String = "", route: String = "json: { /kind: noise }"
    ) throws -> String {
        try fixture.folder.write(
            "p.yaml",
            """
            name: noise
            base: base
            source:
              kafka:
                brokers: "\(fixture.broker.bootstrapServers)"
                topics: [texts]
                group: readers
                properties: { session.timeout.ms: 6000, heartbeat.interval.ms: 200, fetch.wait.max.ms: 50 }
              format: \(format)
              schema_registry: { url: "\(registry.url)"\(login) }
              text: /body
              \(source)
            routes: [{ when: { \(route) }, tasks: [noise] }]
            tasks:
              noise: { labels: [calm, loud], adapter: first }
            batch: { tokens: 128, delay: 5ms, max_tokens: 32 }
            sink: { postgres: "${DATABASE_URL}"\(output) }
            """)
    }

    private func produce(_ payloads: [[UInt8]?], _ fixture: DaemonFixture) throws {
        let producer = try fixture.broker.makeProducer()
        for payload in payloads {
            try producer.produce(topic: "texts", partition: 0, payload: payload, timestamp: 1000)
        }
        try producer.flush(timeout: .seconds(20))
    }

    /// A string in Avro, of at most 63 bytes.
    private func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count * 2)] + Array(text.utf8) }

    private func reasons(_ fixture: DaemonFixture) throws -> [String] {
        try fixture.execute("SELECT reason FROM lorikeet.rejected ORDER BY \"offset\"").rows.map {
            try $0.text("reason")
        }
    }

    @Test func avroIsLabelledAndAnOutageOfTheRegistryLosesNothing() async throws {
        try await DaemonFixture.with { fixture in
            let registry = try RegistryServer()
            registry.register(1, schema: Self.schema)
            registry.register(2, schema: Self.newer)
            registry.register(3, schema: "{}", type: "JSON")
            registry.state.update { $0.outage = RegistryServer.Answer(status: 503, body: "") }
            try fixture.writeAdapter("first")
            let file = try writePipeline(fixture, registry, login: Self.login, source: "null_payload: drop")
            let noise = string("noise")
            try produce(
                [
                    [0, 0, 0, 0, 1] + noise + string("a river"), [0, 0, 0, 0, 2, 14] + noise + [2] + string("a text"),
                    [0, 0, 0, 0, 3] + Array(#"{"kind":"noise","body":"a stone"}"#.utf8),
                    Array(#"{"kind":"noise","body":"plain"}"#.utf8), nil,
                    [0, 0, 0, 0, 1] + noise + [40, 0x61], [0, 0, 0, 0, 9] + noise,
                    [0, 0, 0, 0, 2, 14] + noise + [0],
                ], fixture)
            try await fixture.withDaemon(file) { daemon in
                try await eventually("the outage") { registry.state.value.requests.count > 1 }
                #expect(await !daemon.readiness().ready)
                #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 0)
                registry.state.update { $0.outage = nil }
                try await fixture.untilLabelled(4)
                try await eventually("three rejected rows") { try reasons(fixture).count == 3 }
                #expect(await daemon.readiness().ready)
            }
            #expect(
                try reasons(fixture) == [
                    "schema 1: the record ends early: 20 bytes are to follow, and 1 are left",
                    "the schema registry has no schema 9", "the value at /body is not a string",
                ])
            let texts = try fixture.execute("SELECT text FROM lorikeet.labelled_texts ORDER BY \"offset\"").rows
            #expect(try texts.map { try $0.text("text") } == ["a river", "a text", "a stone", "plain"])
            #expect(fixture.log.count(containing: "registry unavailable, retrying") == 1)
            #expect(fixture.log.count(containing: "registry recovered") == 1)
            #expect(fixture.log.count(containing: "hunter2") == 0 && fixture.log.count(containing: "river") == 0)
            #expect(registry.state.value.authorizations.allSatisfy { $0 == "Basic cmVhZGVyOmh1bnRlcjI=" })
        }
    }

    /// The key of the payload is that of the rows and of what is published, in every format.
    @Test func theKeyOfThePayloadIsTheKeyOfTheRows() async throws {
        try await DaemonFixture.with { fixture in
            let registry = try RegistryServer()
            registry.register(1, schema: Self.newer)
            registry.register(2, schema: "{}", type: "JSON")
            try fixture.broker.createTopic("labelled", partitions: 1)
            try fixture.writeAdapter("first")
            let file = try writePipeline(
                fixture, registry, source: "key: /id", output: ", kafka: { topic: labelled, key: message }",
                route: "key_prefix: \"7\"")
            let noise = string("noise")
            let producer = try fixture.broker.makeProducer()
            let payloads: [[UInt8]] = [
                [0, 0, 0, 0, 1, 14] + noise + [2] + string("a river"),
                [0, 0, 0, 0, 2] + Array(#"{"id":7000000000000000001,"body":"a stone"}"#.utf8),
                Array(#"{"id":"7-x","body":"a text"}"#.utf8), Array(#"{"id":"8","body":"another"}"#.utf8),
                Array(#"{"id":"71","body":7}"#.utf8), Array("{".utf8),
            ]
            for payload in payloads {
                try producer.produce(
                    topic: "texts", partition: 0, key: Array("7own".utf8), payload: payload, timestamp: 1000)
            }
            try producer.flush(timeout: .seconds(20))
            try await fixture.withDaemon(file) { _ in
                try await fixture.untilLabelled(3)
                try await eventually("the rejected rows") { try reasons(fixture).count == 3 }
                try await eventually("an empty outbox") {
                    try fixture.number("SELECT count(*) AS n FROM lorikeet.outbox") == 0
                }
            }
            func keys(_ table: String) throws -> [String?] {
                try fixture.execute("SELECT message_key FROM lorikeet.\(table) ORDER BY \"offset\"").rows.map {
                    try $0.optionalBytes("message_key").map { String(decoding: $0, as: UTF8.self) }
                }
            }
            let expected: [String?] = ["7", "7000000000000000001", "7-x"]
            let stored = (labels: try keys("labels"), messages: try keys("messages"), rejected: try keys("rejected"))
            #expect(stored.labels == expected && stored.messages == expected)
            // What cannot be decoded keeps its own key; the others are of no route and without a text.
            #expect(stored.rejected == ["8", "71", "7own"])
            let published = try await fixture.records(of: "labelled")
            #expect(published.map { $0.key.map { String(decoding: $0, as: UTF8.self) } } == expected)
        }
    }

    /// Whatever the registry or a record claims, the record is rejected in words, and the next one is labelled.
    @Test func nonsenseOfRegistryAndRecordsIsRejectedInWords() async throws {
        try await DaemonFixture.with { fixture in
            let registry = try RegistryServer()
            registry.register(1, schema: Self.schema)
            registry.set("/schemas/ids/2", "<html>Welcome</html>")
            registry.set("/schemas/ids/3", String(repeating: "x", count: 10 << 20))
            registry.register(4, schema: #"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#)
            registry.register(5, schema: #"{"type":"record","name":"R"}"#)
            try fixture.writeAdapter("first")
            let file = try writePipeline(fixture, registry)
            let claimsTwoGigabytes: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x10, 0x61]
            try produce(
                (2...5).map { [0, 0, 0, 0, $0, 2, 0x61] } + [
                    [0, 0, 0, 0, 1] + string("noise") + claimsTwoGigabytes,
                    [0, 0, 0, 0, 1] + string("noise") + string("a river"),
                    Array(#"{"kind":"noise","body":"plain"}"#.utf8),
                ], fixture)
            try await fixture.withDaemon(file) { _ in
                try await fixture.untilLabelled(2)
                try await eventually("the rejected rows") { try reasons(fixture).count == 5 }
            }
            #expect(
                try reasons(fixture) == [
                    "the schema registry's answer for schema 2 is not a schema in JSON",
                    "the schema registry's answer for schema 3 has more than 1048576 bytes",
                    "schema 4: the record is nested more than 128 levels deep",
                    "schema 5 cannot be used: the record R of the schema has no fields",
                    "schema 1: the record ends early: 2147483648 bytes are to follow, and 1 are left",
                ])
            let stages = try fixture.execute("SELECT DISTINCT stage FROM lorikeet.rejected").rows
            #expect(try stages.map { try $0.text("stage") } == ["decode"])
            let texts = try fixture.execute("SELECT text FROM lorikeet.labelled_texts ORDER BY \"offset\"").rows
            #expect(try texts.map { try $0.text("text") } == ["a river", "plain"])
        }
    }

    @Test func withoutAFormatARecordWithASchemaIsRejectedAndNeverStoredAsText() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try produce([[0, 0, 0, 0, 1] + string("noise") + string("a river"), Array("a text".utf8)], fixture)
            try await fixture.withDaemon(file) { _ in
                try await fixture.untilLabelled(1)
                try await eventually("a rejected row") { try reasons(fixture).count == 1 }
            }
            #expect(
                try reasons(fixture) == [
                    "the record begins with the frame of a schema registry (schema 1): "
                        + "set source.format: auto and source.schema_registry.url"
                ])
            #expect(try fixture.number("SELECT count(*) AS n FROM lorikeet.messages WHERE text LIKE '%river%'") == 0)
        }
    }

    @Test func aWrongPasswordOfTheRegistryEndsTheDaemon() async throws {
        try await DaemonFixture.with { fixture in
            let registry = try RegistryServer()
            registry.state.update { $0.outage = RegistryServer.Answer(status: 401, body: "") }
            try fixture.writeAdapter("first")
            let file = try writePipeline(fixture, registry, login: Self.login, format: "avro")
            let options = CheckOperation.Options(database: false, environment: fixture.environment)
            let report = await CheckOperation.run(files: [file], options: options)
            let finding = report.findings.first { $0.key == "source.schema_registry.url" && $0.severity == .error }
            #expect(finding?.message.contains("refuses this user or password") == true, "\(report.findings)")
            try produce([[0, 0, 0, 0, 1] + string("noise") + string("a river")], fixture)
            let daemon = try LorikeetDaemon(files: [file], options: fixture.options(), logger: fixture.log.logger)
            await #expect(throws: (any Error).self) { try await daemon.run() }
            #expect(fixture.log.count(containing: "refuses this user or password") >= 1)
            #expect(fixture.log.count(containing: "hunter2") == 0)
            #expect(try reasons(fixture).isEmpty)
        }
    }
}
