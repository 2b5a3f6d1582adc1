import KafkaClient
import TestSupport
import Testing

/// What is said of a consumer's properties before it connects.
@Suite struct ReviewTests {
    private func review(_ properties: [String: String]) -> KafkaSettingsReview {
        let own = ["bootstrap.servers": "127.0.0.1:1", "group.id": "g"]
        return KafkaConsumer.review(properties: own.merging(properties) { $1 }, topics: ["texts"])
    }

    @Test func propertiesThatAConsumerTakesHaveNoProblem() {
        let usual = [
            "session.timeout.ms": "45000", "auto.offset.reset": "latest", "isolation.level": "read_uncommitted",
            "partition.assignment.strategy": "cooperative-sticky", "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": "u", "sasl.password": "p", "fetch.min.bytes": "1",
        ]
        let found = review(usual)
        #expect(found.problems.isEmpty && found.remarks.isEmpty, "\(found)")
    }

    /// The Java client's properties, each with what to write in its place.
    @Test(arguments: [
        ("session.timeout", "45000", "use session.timeout.ms"), ("fetch.max.wait.ms", "500", "use fetch.wait.max.ms"),
        (
            "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
            "leave it out: keys are read as bytes"
        ),
        ("value.deserializer", "org.x.AvroDeserializer", "leave it out: messages are read as bytes"),
        ("max.poll.records", "500", "leave it out: batch.tokens"),
        ("ssl.truststore.location", "/secret/ts.jks", "use ssl.ca.location"),
        ("sasl.login.refresh.window.factor", "0.8", "leave it out"), ("interceptor.classes", "org.x.Y", "leave it out"),
        (
            "sasl.jaas.config", "PlainLoginModule required username=\"u\" password=\"hunter2\";",
            "sasl.username and sasl.password"
        ),
    ])
    func propertiesOfTheJavaClientGetAHint(_ name: String, _ value: String, _ hint: String) {
        let problems = review([name: value]).problems
        #expect(problems.map(\.property) == [name])
        #expect(problems.first?.message.hasPrefix("is not a property of librdkafka: ") == true, "\(problems)")
        #expect(problems.first?.message.contains(hint) == true, "\(problems)")
        #expect(!"\(problems)".contains(value))
        #expect(problems.first?.isUnknown == false)
    }

    /// What librdkafka takes itself must not be refused by the table of hints, nor hinted at as missing.
    @Test func everyPropertyThatIsRecommendedExists() {
        let names = Set(KafkaConsumer.propertyNames)
        #expect(names.count > 100)
        for name in [
            "session.timeout.ms", "fetch.wait.max.ms", "socket.send.buffer.bytes", "socket.receive.buffer.bytes",
            "socket.timeout.ms",
            "heartbeat.interval.ms", "max.poll.interval.ms", "socket.connection.setup.timeout.ms", "sasl.mechanism",
            "sasl.username",
            "sasl.password", "ssl.ca.location", "ssl.ca.pem", "ssl.keystore.location", "ssl.certificate.location",
            "ssl.key.location",
            "ssl.key.pem", "ssl.certificate.pem",
        ] { #expect(names.contains(name), "\(name)") }
    }

    @Test(arguments: [
        ("auto.offset.reset", "earlyest", "smallest, earliest"),
        ("auto.offset.reset", "none", "latest, end (use earliest or latest)"),
        ("auto.offset.reset", "error", "would stop reading silently; use earliest or latest"),
        ("auto.offset.reset", " Error", "use earliest or latest"),
        ("session.timeout.ms", "99999999", "1 to 3600000"), ("session.timeout.ms", "soon", "1 to 3600000"),
        ("isolation.level", "dirty", "read_uncommitted, read_committed"),
        ("socket.keepalive.enable", "perhaps", "true, false"),
        ("security.protocol", "tls", "plaintext, ssl"),
    ])
    func valuesThatCannotBeAreNamedByWhatCan(_ name: String, _ value: String, _ expected: String) {
        let problems = review([name: value]).problems
        #expect(problems.map(\.property) == [name], "\(problems)")
        #expect(problems.first?.message.contains(expected) == true, "\(problems)")
        #expect(!"\(problems)".contains(value), "\(problems)")
    }

    /// librdkafka would take 45 ms, 16 ms, 8 ms or 1 ms in silence.
    @Test(arguments: [
        "45s", "45_000", "4.5e4", "10,000", "10 000", "6000.5", "0x10", "010", " 45000", "45000 ", "4294967297",
        "18446744073709551617", "- 1",
    ])
    func wholeNumbersAreDecimalFromEndToEnd(_ value: String) {
        for (name, range) in [
            ("session.timeout.ms", "1 to 3600000"), ("topic.metadata.refresh.interval.ms", "-1 to 3600000"),
            ("max.partition.fetch.bytes", "1 to 1000000000"),
        ] {
            let problems = review([name: value]).problems
            #expect(problems.map(\.property) == [name], "\(value): \(problems)")
            #expect(problems.first?.message.contains("it takes \(range), in decimal digits only") == true)
            #expect(!"\(problems)".contains(value))
        }
    }

    @Test func wholeNumbersMayHaveASign() {
        for (name, value) in [
            ("topic.metadata.refresh.interval.ms", "-1"), ("session.timeout.ms", "+6000"),
            ("statistics.interval.ms", "0"),
        ] { #expect(review([name: value]).problems.isEmpty, "\(name): \(value)") }
        // A word that stands for a number, and numbers within a text.
        for (name, value) in [("acks", "all"), ("client.id", "45s"), ("queue.buffering.max.ms", "0.5")] {
            #expect(review([name: value]).problems.isEmpty, "\(name): \(value)")
        }
    }

    @Test(arguments: ["earlyest", "none", "45"])
    func noHintSteersToAnOffsetResetThatEndsReading(_ value: String) {
        #expect(review(["auto.offset.reset": value]).problems.allSatisfy { !$0.message.contains("error") })
    }

    @Test(arguments: ["texts", ".*", "", "["])
    func topicsAreNotNamedByExclusion(_ value: String) {
        let problems = review(["topic.blacklist": value]).problems
        #expect(problems.map(\.property) == ["topic.blacklist"], "\(problems)")
        #expect(problems.first?.message.contains("leave it out; source.kafka.topics names the topics") == true)
    }

    @Test(arguments: ["sasl.mechanism", "sasl.mechanisms"])
    func bearersNeedASourceOfTokens(_ name: String) {
        let own = [
            "security.protocol": "SASL_PLAINTEXT", name: "OAUTHBEARER", "sasl.oauthbearer.config": "principal=u",
        ]
        func problems(_ more: [String: String]) -> [KafkaPropertyProblem] {
            review(own.merging(more) { $1 }).problems
        }
        for without in [
            [:], ["sasl.oauthbearer.method": "default"], ["enable.sasl.oauthbearer.unsecure.jwt": "false"],
        ] {
            // A librdkafka without OIDC refuses the method as well.
            let found = problems(without).filter { $0.property != "sasl.oauthbearer.method" }
            #expect(found.map(\.property) == [name], "\(found)")
            let both = "sasl.oauthbearer.method: oidc or enable.sasl.oauthbearer.unsecure.jwt: true"
            #expect(found.first?.message.hasSuffix(both) == true, "\(found)")
        }
        #expect(problems(["enable.sasl.oauthbearer.unsecure.jwt": "true"]).isEmpty)
        // What OIDC needs beside it, librdkafka says itself.
        #expect(problems(["sasl.oauthbearer.method": "OIDC"]).allSatisfy { !$0.message.contains("which needs") })
        #expect(problems(["security.protocol": "plaintext"]).isEmpty)
    }

    /// Properties that librdkafka takes one by one, and refuses when a client is made of them.
    @Test(
        arguments: [
            (["session.timeout.ms": "400000"], "session.timeout.ms", "max.poll.interval.ms"),
            (
                ["partition.assignment.strategy": "org.apache.kafka.clients.consumer.RangeAssignor"],
                "partition.assignment.strategy",
                "range, roundrobin and cooperative-sticky"
            ),
            (
                ["partition.assignment.strategy": "range,cooperative-sticky"], "partition.assignment.strategy",
                "protocol type"
            ),
            (["security.protocol": "ssl", "ssl.ca.location": "/nonexistent"], "ssl.ca.location", "No such file"),
            (["security.protocol": "sasl_plaintext", "sasl.mechanism": "FOO"], nil, "Unsupported SASL mechanism"),
            (
                ["security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"], nil,
                "sasl.username and sasl.password must be set"
            ),
            (["security.protocol": "sasl_plaintext"], nil, "librdkafka's default is GSSAPI"),
        ] as [([String: String], String?, String)])
    func whatNoClientCanBeMadeOf(_ properties: [String: String], _ property: String?, _ words: String) {
        let problems = review(properties).problems
        #expect(problems.count == 1 && problems.first?.property == property, "\(problems)")
        #expect(problems.first?.message.contains(words) == true, "\(problems)")
    }

    @Test func everyWrongPropertyIsNamedAtOnce() {
        let problems = review(["session.timeout": "1", "sesion.timeout.ms": "1", "auto.offset.reset": "never"]).problems
        #expect(problems.map(\.property) == ["auto.offset.reset", "sesion.timeout.ms", "session.timeout"])
        #expect(problems.map(\.isUnknown) == [false, true, false])
    }

    @Test func propertiesWithoutEffectAreRemarked() {
        let found = review(["linger.ms": "5", "sasl.username": "u"])
        #expect(found.problems.isEmpty)
        #expect(found.remarks.count == 2, "\(found.remarks)")
        #expect(found.remarks.contains { $0.contains("producer property") })
        #expect(found.remarks.contains { $0.contains("sasl.username") })
    }

    @Test(arguments: [
        ("", "names no broker"), (" , ", "names no broker"), ("a:http", "a:http"), ("a:1,b:99999", "in b:99999"),
        ("a:0", "in a:0"),
        ("SSL://a:1", "does not match security.protocol"), ("http://a:80", "unsupported protocol"),
    ])
    func aListOfBrokersThatNamesNone(_ brokers: String, _ words: String) {
        let problems = review(["bootstrap.servers": brokers]).problems
        #expect(problems.map(\.property) == ["bootstrap.servers"], "\(problems)")
        #expect(problems.first?.message.contains(words) == true, "\(problems)")
    }

    @Test(arguments: ["a", "a:1", " a:1 , b:2,", "PLAINTEXT://a:9092", "[::1]:9092", "[::1]", "10.0.0.1:9092"])
    func aListOfBrokersAsItIsWritten(_ brokers: String) {
        #expect(review(["bootstrap.servers": brokers]).problems.isEmpty)
    }

    @Test func theReviewConnectsToNothing() throws {
        let proxy = try FaultProxy(to: .nobody)
        defer { proxy.stop() }
        for _ in 0..<20 { #expect(review(["bootstrap.servers": proxy.address]).problems.isEmpty) }
        #expect(proxy.accepted == 0)
    }

    /// The same words from whoever makes the client.
    @Test func aConsumerSaysWhatTheReviewSays() throws {
        let error = try #require(throws: KafkaError.self) {
            try GroupMember(["group.id": "g", "sasl.jaas.config": "password=hunter2"], topics: ["texts"])
        }
        #expect(error.message == review(["sasl.jaas.config": "password=hunter2"]).problems.first?.description)
        #expect(!"\(error)".contains("hunter2"))
    }
}
