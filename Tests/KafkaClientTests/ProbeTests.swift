import Foundation
import KafkaClient
import LocalServers
import TestSupport
import Testing

/// What a cluster, or what is taken for one, says before anyone joins.
@Suite(.timeLimit(.minutes(5))) struct ProbeTests {
    private func probe(
        _ brokers: String, topics: [String] = ["texts"], _ properties: [String: String] = [:]
    ) throws(KafkaError) -> KafkaProbe {
        let own = ["bootstrap.servers": brokers, "group.id": "g"]
        return try KafkaProbe(properties: own.merging(properties) { $1 }, topics: topics)
    }

    /// Why nothing is told.
    private func failure(
        _ brokers: String, _ properties: [String: String] = [:], within patience: Duration = .seconds(5)
    ) throws -> KafkaProbeFailure? {
        let probe = try probe(brokers, properties)
        return #expect(throws: KafkaProbeFailure.self) { try probe.topics(within: patience) }
    }

    @Test func topicsAreListedAndNoneIsCreated() async throws {
        try await withEmbeddedBroker(topics: ["texts": 3, "mail": 1]) { broker in
            for _ in 0..<2 {
                let probe = try probe(
                    broker.bootstrapServers, topics: ["texts", "missing"], ["allow.auto.create.topics": "true"])
                let topics = try probe.topics(within: .seconds(20))
                #expect(topics == ["texts": KafkaTopic(partitions: 3), "mail": KafkaTopic(partitions: 1)])
                let refusals = try probe.refusals(of: ["texts", "missing"], within: .seconds(20))
                #expect(refusals["texts"] == nil)
            }
        }
    }

    /// A probe is no member: a consumer that comes gets every partition at once, and nothing was committed.
    @Test func noGroupIsJoined() async throws {
        try await withEmbeddedBroker(topics: ["texts": 2]) { broker in
            let probe = try probe(broker.bootstrapServers)
            _ = try probe.topics(within: .seconds(20))
            _ = try probe.refusals(of: ["texts"], within: .seconds(20))
            let member = try GroupMember(broker.consumerProperties(group: "g"), topics: ["texts"])
            try poll([member]) { !member.events.isEmpty }
            #expect(member.consumer.assignment.count == 2)
            #expect(try member.consumer.committed().isEmpty)
            member.consumer.close()
        }
    }

    @Test func aForbiddenTopicIsReported() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try broker.setTopicError("texts", 29)
            let topics = try probe(broker.bootstrapServers).topics(within: .seconds(20))
            #expect(topics["texts"]?.error?.name == "TOPIC_AUTHORIZATION_FAILED")
        }
    }

    @Test(arguments: [KafkaAPI.findCoordinator, .offsetFetch])
    func aGroupThatIsNotPermittedIsAnError(_ api: KafkaAPI) async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            // Before the client is made: it looks for its coordinator at once, and asks no more when it knows it.
            try broker.pushErrors(api, Array(repeating: 30, count: 1000))
            let probe = try probe(broker.bootstrapServers)
            _ = try probe.topics(within: .seconds(20))
            let error = #expect(throws: KafkaError.self) { try probe.refusals(of: ["texts"], within: .seconds(20)) }
            #expect(error?.name == "GROUP_AUTHORIZATION_FAILED")
        }
    }

    @Test func aCoordinatorThatIsNotReadyIsRetried() async throws {
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            try broker.pushErrors(.findCoordinator, [15, 15])
            try broker.pushErrors(.offsetFetch, [14, 16])
            let refusals = try probe(broker.bootstrapServers).refusals(of: ["texts"], within: .seconds(30))
            #expect(refusals.isEmpty)
        }
    }

    // MARK: - No broker

    @Test(arguments: [("127.0.0.1:1", "refused"), ("broker.invalid:9092", "resolve")])
    func nobodyThereIsAway(_ broker: String, _ words: String) throws {
        let failure = try failure(broker)
        #expect(failure?.kind == .unavailable)
        #expect(failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("in state") == false)
    }

    @Test func aSilentBrokerIsUnavailable() throws {
        let proxy = try FaultProxy(to: .nobody)
        defer { proxy.stop() }
        proxy.setMode(.halfOpen)
        #expect(try failure(proxy.address)?.kind == .unavailable)
        #expect(try failure(proxy.address, ["security.protocol": "ssl"])?.kind == .unavailable)
        #expect(try failure(proxy.address, within: .milliseconds(100))?.reason == "no answer within 0 s")
    }

    /// Bytes that are no answer of Kafka's, whatever is asked.
    private final class Babbler: ProxyFilter {
        private let words: [UInt8]
        init(_ words: [UInt8]) { self.words = words }
        func fromServer(_ bytes: [UInt8]) -> ProxyVerdict { .pass(bytes) }
        func fromClient(_ bytes: [UInt8]) -> ProxyVerdict { words.isEmpty ? .cut : .answer(words) }
    }

    /// A web server's answer, a PostgreSQL's error, and a connection that is closed at once.
    @Test(
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "E\u{0}\u{0}\u{0}\u{8}FATAL\u{0}", ""], ["plaintext", "ssl"])
    func whoSpeaksOtherwiseIsNoBroker(_ words: String, _ security: String) throws {
        let proxy = try FaultProxy(to: .nobody) { _ in Babbler(Array(words.utf8)) }
        defer { proxy.stop() }
        let failure = try failure(proxy.address, ["security.protocol": security])
        #expect(failure?.kind == .otherProtocol, "\(String(describing: failure))")
    }

    @Test func aPostgresServerIsNotABroker() async throws {
        try await withPrivatePostgres { server in
            let proxy = try FaultProxy(to: .unix(path: server.folder + "/.s.PGSQL.5432"))
            defer { proxy.stop() }
            let failure = try failure(proxy.address)
            #expect(failure?.kind == .otherProtocol)
        }
    }

    @Test func tlsOnOneSideOnlyIsReported() async throws {
        let folder = try TemporaryFolder()
        let server = try TLSServer(folder: folder.path)
        defer { server.stop() }
        #expect(try failure(server.address)?.kind == .otherProtocol)
        let untrusted = try failure(
            server.address, ["security.protocol": "ssl", "ssl.ca.location": server.otherCertificate])
        #expect(untrusted?.kind == .certificate)
        #expect(untrusted?.description.hasPrefix("the broker's certificate is not accepted, because of its") == true)
        try await withEmbeddedBroker(topics: ["texts": 1]) { broker in
            let failure = try failure(broker.bootstrapServers, ["security.protocol": "ssl"])
            #expect(failure?.kind == .otherProtocol)
        }
    }

    @Test func aClientThatNeedsACertificateIsTold() throws {
        let folder = try TemporaryFolder()
        let server = try TLSServer(folder: folder.path, asksForCertificate: true)
        defer { server.stop() }
        let other = try Certificate.make(in: folder.path, name: "client", address: "127.0.0.1")
        func failure(_ client: Certificate?) throws -> KafkaProbeFailure? {
            var properties = ["security.protocol": "ssl", "ssl.ca.location": server.certificate.certificate]
            if let client {
                properties["ssl.certificate.location"] = client.certificate
                properties["ssl.key.location"] = client.key
            }
            return try self.failure(server.address, properties)
        }
        for client in [nil, other] {
            let refused = try failure(client)
            #expect(refused?.kind == .certificate, "\(refused?.reason ?? "")")
            #expect(refused?.description.hasPrefix("the broker does not accept the client's certificate") == true)
        }
    }

    /// As where a broker stops, or wants another login: that is no wrong password.
    @Test(arguments: [FakeSASLBroker.Step.handshake, .authenticate])
    func aLoginThatBreaksOffIsNoRefusal(_ step: FakeSASLBroker.Step) throws {
        let broker = try FakeSASLBroker(hangsUpAt: step)
        defer { broker.stop() }
        let failure = try failure(
            broker.bootstrapServers,
            [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "lorikeet",
                "sasl.password": "hunter2",
            ])
        #expect(failure?.kind == .otherProtocol, "\(failure?.description ?? "")")
    }

    @Test func aWrongPasswordIsReportedAndNotShown() throws {
        let broker = try FakeSASLBroker()
        defer { broker.stop() }
        let failure = try failure(
            broker.bootstrapServers,
            [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "lorikeet",
                "sasl.password": "hunter2",
            ])
        #expect(failure?.kind == .authentication)
        #expect(failure?.reason.contains("Authentication failed") == true, "\(failure?.reason ?? "")")
        #expect(failure?.reason.contains("hunter2") == false)
    }
}
