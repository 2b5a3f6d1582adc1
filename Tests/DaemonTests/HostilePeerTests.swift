import DaemonFixtures
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Daemon

/// The port between peers that misbehave, on real sockets: after each kind, a page is answered.
@Suite(.serialized, .timeLimit(.minutes(4))) struct HostilePeerTests {
    /// A connection to the server.
    private final class Peer {
        let descriptor: Int32

        init?(port: UInt16) {
            guard let descriptor = HTTPAnswer.connection(to: port, within: 20) else { return nil }
            self.descriptor = descriptor
        }

        deinit { close(descriptor) }

        /// False once the server has closed the connection.
        @discardableResult
        func send(_ bytes: [UInt8]) -> Bool {
            Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }

        @discardableResult
        func send(_ text: String) -> Bool { send(Array(text.utf8)) }

        /// Whether the server has neither closed the connection nor answered.
        var isWaiting: Bool {
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) < 0 && errno == EAGAIN
        }

        /// What comes first; empty if the server closed the connection.
        func answer() -> String {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
        }
    }

    /// More than the buffers of a connection hold.
    private static let page = String(repeating: "x 1\n", count: 1_500_000)

    /// Runs a server with a large page while `body` has its port; then a page is asked for, and the server stopped.
    private func withServer(
        _ limits: HTTPServer.Connections.Limits = .ofThisProcess, _ body: @Sendable (UInt16) throws -> Void
    ) async throws -> (closed: Int, stop: Duration) {
        let closed = Mutex(0)
        let server = try HTTPServer(
            on: ListeningSocket(host: "127.0.0.1", port: 0),
            connections: HTTPServer.Connections(limits: limits) { closed.withLock { $0 += 1 } }
        ) { _ in .init(status: 200, contentType: "text/plain", body: Self.page) }
        let port = server.port
        do {
            try body(port)
            let answer = try await HTTPAnswer.get("/metrics", from: "127.0.0.1:\(port)")
            #expect(answer.status == 200 && answer.body.utf8.count == Self.page.utf8.count)
        } catch {
            await server.stop()
            throw error
        }
        let start = ContinuousClock.now
        await server.stop()
        return (closed.withLock { $0 }, ContinuousClock.now - start)
    }

    /// As many as the limit of this process allows, 10,000 at most: it holds both ends of each.
    private static let flood: Int = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 16_384)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return max(200, min(10_000, Int(limit.rlim_cur) - 2_000))
    }()

    private static func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    @Test func thousandsOfConnectionsKeepNobodyOut() async throws {
        let flood = Self.flood
        let result = try await withServer { port in
            var peers: [Peer] = []
            for _ in 0..<flood { if let peer = Peer(port: port) { peers.append(peer) } }
            #expect(peers.count >= flood * 9 / 10)
            // Ours, and at most 160 of the server, besides what other tests of this process have open.
            #expect(try Self.openDescriptors() < peers.count + 1_500)
            // They are still open while the page is asked for.
            let start = ContinuousClock.now
            let probe = try #require(Peer(port: port))
            #expect(probe.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") && probe.answer().hasPrefix("HTTP/1.1 200"))
            #expect(ContinuousClock.now - start < .seconds(10))
        }
        #expect(result.closed > 0)
    }

    @Test func halfOpenPeersKeepNobodyOut() async throws {
        let result = try await withServer(.init(connections: 32, answers: 16)) { port in
            let peers = (0..<100).compactMap { _ in Peer(port: port) }
            for peer in peers { peer.send("GET / HTTP/1.1\r\nHost: ") }
            let probe = try #require(Peer(port: port))
            #expect(probe.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") && probe.answer().hasPrefix("HTTP/1.1 200"))
            withExtendedLifetime(peers) {}
        }
        #expect(result.closed >= 68)
    }

    @Test func slowReadersKeepNobodyOutAndDelayNoStop() async throws {
        let slow = Mutex<[Int32]>([])
        defer { for descriptor in slow.withLock({ $0 }) { close(descriptor) } }
        let result = try await withServer(.init(connections: 32, answers: 16)) { port in
            for _ in 0..<100 {
                guard let peer = Peer(port: port) else { continue }
                peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                // Open until the server has stopped, and never read.
                slow.withLock { $0.append(dup(peer.descriptor)) }
            }
            let probe = try #require(Peer(port: port))
            #expect(probe.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n") && probe.answer().hasPrefix("HTTP/1.1 200"))
        }
        #expect(result.stop < .seconds(30))
    }

    @Test func aMegabyteOfHeadersIsRefused() async throws {
        _ = try await withServer { port in
            let peer = try #require(Peer(port: port))
            peer.send("GET / HTTP/1.1\r\nHost: x\r\n")
            for number in 0..<100 {
                if !peer.send("X-\(number): \(String(repeating: "a", count: 10_000))\r\n") { break }
            }
            let answer = peer.answer()
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer)")
            let long = try #require(Peer(port: port))
            long.send("GET /" + String(repeating: "a", count: 100_000))
            let refusal = long.answer()
            #expect(refusal.isEmpty || refusal.hasPrefix("HTTP/1.1 4"), "\(refusal)")
        }
    }

    @Test func aBodyWithoutEndClosesTheConnection() async throws {
        _ = try await withServer { port in
            let peer = try #require(Peer(port: port))
            peer.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
            let piece = [UInt8](repeating: 97, count: 65_536)
            var pieces = 0
            while pieces < 15_000, peer.send(piece) { pieces += 1 }
            #expect(pieces < 15_000)
        }
    }

    @Test func garbageIsNoRequest() async throws {
        _ = try await withServer { port in
            let kinds: [[UInt8]] = [
                (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ 13) }, Array(repeating: 0, count: 5_000),
                Array(repeating: 13, count: 5_000), Array("\r\n\r\n\r\n".utf8), [0x16, 0x03, 0x01, 0x02, 0x00],
                Array("GET\r\n\r\n".utf8), Array("GET / HTTP/9.9\r\n\r\n".utf8),
                Array("GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n".utf8),
                Array("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n".utf8),
            ]
            for kind in kinds { try #require(Peer(port: port)).send(kind) }
        }
    }

    @Test func theLimitsLeaveDescriptorsForTheServers() {
        #expect(HTTPServer.Connections.Limits(descriptors: 1_024).connections == 128)
        // Each of two servers.
        #expect(HTTPServer.Connections.Limits(descriptors: 256).connections == 32)
        #expect(HTTPServer.Connections.Limits(descriptors: 10).connections == 8)
    }

    /// Texts flow while the port is flooded.
    @Test func textsFlowDuringAFlood() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.writeAdapter("first")
            let file = try fixture.writePipeline()
            try await fixture.withDaemon(file, options: fixture.options(http: "127.0.0.1:0")) { daemon in
                let address = try #require(await daemon.httpAddress())
                let port = try #require(UInt16(address.split(separator: ":").last ?? ""))
                try await eventually("ready") { await daemon.readiness().ready }
                let peers = (0..<500).compactMap { _ in Peer(port: port) }
                for peer in peers { peer.send("GET /metrics HTTP/1.1\r\nHost: x\r\nX: ") }
                let limit = HTTPServer.Connections.Limits.ofThisProcess.connections
                try await eventually("the port is full") { peers.count { $0.isWaiting } <= limit }
                let before = peers.count { $0.isWaiting }
                try fixture.produce(50)
                try await eventually("every text has its label") {
                    // No head ends, and none is idle.
                    for peer in peers { peer.send("x") }
                    return try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 50
                }
                // No text has waited until the peers were answered or gone.
                let after = peers.count { $0.isWaiting }
                #expect(before > 0 && after > 0)
                withExtendedLifetime(peers) {}
                // Rows are counted after they are stored.
                try await eventually("the page counts the texts") {
                    let page = try await HTTPAnswer.get("/metrics", from: address)
                    #expect(page.status == 200 && PrometheusLint(page.body).problems == [])
                    return page.body.contains("lorikeet_delivery_seconds_count{pipeline=\"noise\"} ")
                }
            }
        }
    }
}
