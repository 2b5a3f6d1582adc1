import Foundation
import TestSupport
import Testing

@testable import Lab

/// TLS and SASL at a broker: who is let in labels, and who is not is told why, without the password.
@Suite(.realBroker, .scratch, .serialized, .timeLimit(.minutes(10))) struct BrokerLoginTests {
    private static let password = "Zx9BrokerPasswordQ7"

    /// Runs `body` with a broker behind TLS, whose certificate a private authority vouches for.
    ///
    /// - Parameters:
    ///   - asksForCertificate: whether clients need a certificate of the same authority.
    ///   - body: is called with the broker, with properties of a client that trusts it, and with the folder of the
    ///     authority.
    private func withTLS(
        _ arguments: [String] = [], asksForCertificate: Bool = false,
        _ body: (RealBroker, _ client: [String: String], _ authority: Certificate, _ folder: String) async throws ->
            Void
    ) async throws {
        let folder = try Scratch()
        let authority = try Certificate.make(in: folder.folder, name: "authority", address: "127.0.0.2")
        let own = try Certificate.make(in: folder.folder, name: "broker", address: "127.0.0.1", authority: authority)
        let clients = asksForCertificate ? ["--clients", authority.certificate] : []
        let tls = ["--tls", own.certificate, own.key]
        try await RealBroker.with(RealBroker.topics + arguments + tls + clients) { broker in
            let client = [
                "bootstrap.servers": broker.bootstrapServers, "security.protocol": "ssl",
                "ssl.ca.location": authority.certificate,
            ]
            try await body(broker, client, authority, folder.folder)
        }
    }

    private static func login(_ mechanism: String, user: String = "reader", password: String = password)
        -> [String: String]
    {
        [
            "security.protocol": "sasl_ssl", "sasl.mechanism": mechanism, "sasl.username": user,
            "sasl.password": password,
        ]
    }

    /// A daemon labels and publishes, and nothing that was said has the password.
    private func expectLabels(_ client: [String: String]) async throws {
        try await DeliveryStream.with(client: client, publishes: true) { stream in
            let checked = try await Program.run(["check", stream.pipeline], environment: stream.environment)
            #expect(checked.status == 0, "\(checked.output) \(checked.error)")
            let daemon = try await stream.startDaemon()
            try await stream.label(20)
            try await stream.untilOutboxIsEmpty()
            #expect(await daemon.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 20, complete: 20, rows: 40, rejected: 0))
            #expect(Set(try stream.published().map { Array($0.dropFirst()) }).count == 20)
            for said in [checked.output, checked.error, try stream.log()] { #expect(!said.contains(Self.password)) }
        }
    }

    /// What `check` says of the source's brokers and what the daemon logs, until it ends or says what is wrong.
    ///
    /// - Parameter words: part of the reason in the log.
    /// - Returns: the line of `check`, and the daemon's exit status; nil if it keeps trying.
    private func refusal(_ client: [String: String], words: String) async throws -> (checked: String, status: Int32?) {
        var found: (checked: String, status: Int32?) = ("", nil)
        try await DeliveryStream.with(client: client) { stream in
            let checked = try await Program.run(["check", stream.pipeline], environment: stream.environment)
            #expect(checked.status == 78, "\(checked.output)")
            let said = checked.output + checked.error
            found.checked =
                said.split(separator: "\n").first { $0.contains("source.kafka.brokers") }.map(String.init) ?? ""
            let daemon = try await stream.startDaemon()
            try await stream.until("the daemon says why") { try stream.log().contains(words) }
            if try stream.log().contains("authentication") || words.contains("SASL") {
                found.status = await daemon.exitStatus()
            } else {
                #expect(daemon.isRunning && !daemon.isReady())
                #expect(await daemon.terminate() == 0)
            }
            let all = said + (try stream.log())
            for password in [Self.password, "hunter2"] { #expect(!all.contains(password)) }
        }
        return found
    }

    @Test(arguments: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    func whoLogsInLabels(_ mechanism: String) async throws {
        try await withTLS(["--user", "reader:\(Self.password)"]) { _, client, _, _ in
            try await expectLabels(client.merging(Self.login(mechanism)) { $1 })
        }
    }

    @Test(arguments: [
        ("PLAIN", "reader", "hunter2"), ("SCRAM-SHA-256", "reader", "hunter2"), ("SCRAM-SHA-512", "reader", "hunter2"),
        ("SCRAM-SHA-512", "nobody", password),
    ])
    func aWrongPasswordOrUserEndsTheDaemon(_ mechanism: String, _ user: String, _ password: String) async throws {
        try await withTLS(["--user", "reader:\(Self.password)"]) { _, client, _, _ in
            let login = Self.login(mechanism, user: user, password: password)
            let words = "SASL authentication error: Authentication failed: Invalid username or password"
            let refused = try await refusal(client.merging(login) { $1 }, words: words)
            #expect(refused.checked.contains("authentication fails: \(words)"), "\(refused.checked)")
            #expect(refused.status == 78)
        }
    }

    /// tansu itself refuses by SCRAM's own answer.
    @Test func aUserThatTheBrokerDoesNotKnowEndsTheDaemon() async throws {
        try await RealBroker.with(["--authentication"]) { broker in
            let words = "SASL SCRAM authentication failed: broker responded with unknown-user"
            var client = Self.login("SCRAM-SHA-512")
            client["security.protocol"] = "sasl_plaintext"
            client["bootstrap.servers"] = broker.bootstrapServers
            let refused = try await refusal(client, words: words)
            #expect(refused.checked.contains("authentication fails: "), "\(refused.checked)")
            #expect(refused.checked.contains(words) && refused.status == 78, "\(refused)")
        }
    }

    @Test func aCertificateOfAnotherAuthorityIsNotAccepted() async throws {
        try await withTLS { _, client, _, folder in
            var other = client
            other["ssl.ca.location"] = try Certificate.make(in: folder, name: "other", address: "127.0.0.1").certificate
            let refused = try await refusal(other, words: "certificate verify failed")
            #expect(refused.checked.contains("the broker's certificate is not accepted, because of its authority"))
            #expect(refused.status == nil)
        }
    }

    @Test func aClientIsKnownByItsCertificate() async throws {
        try await withTLS(asksForCertificate: true) { _, client, authority, folder in
            let own = try Certificate.make(in: folder, name: "client", address: "127.0.0.3", authority: authority)
            let known = [
                "ssl.certificate.location": own.certificate,
                "ssl.key.location": try own.encryptedKey(password: Self.password), "ssl.key.password": Self.password,
            ]
            try await expectLabels(client.merging(known) { $1 })
            // Without one, the connection ends right after the handshake.
            let refused = try await refusal(client, words: "_ALL_BROKERS_DOWN")
            #expect(refused.checked.contains("source.kafka.brokers"), "\(refused.checked)")
        }
    }
}
