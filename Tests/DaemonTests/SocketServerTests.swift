import DaemonClient
import DaemonFixtures
import Drift
import Foundation
import TestSupport
import Testing
import Threading

@testable import Daemon
@testable import Operations
@testable import Serving

/// The Unix socket of a daemon in this process, over a real database and a broker.
@Suite(.serialized, .timeLimit(.minutes(8))) struct SocketServerTests {
    /// Asks on a thread of its own, because libcurl blocks.
    private static func ask<Value: Sendable>(
        _ path: String, _ body: @escaping @Sendable (DaemonConnection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread {
                continuation.resume(
                    with: Result { try body(try DaemonConnection(to: .socket(path), timeout: .seconds(30))) })
            }.start()
        }
    }

    private static func mode(of path: String) throws -> UInt32 {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode
    }

    /// Runs a daemon with a socket while `body` has its path.
    ///
    /// - Parameter tapClock: stands still, so that no tap closes because the machine is slow.
    private static func withDaemon(
        _ fixture: DaemonFixture, tapClock: ManualClock = ManualClock(),
        _ body: @escaping @Sendable (LorikeetDaemon, String) async throws -> Void
    ) async throws {
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline()
        let path = fixture.folder.path + "/s.sock"
        var options = fixture.options()
        options.socket = path
        options.tapClock = tapClock.clock
        try await fixture.withDaemon(file, options: options) { daemon in
            _ = await daemon.socketPath.value
            try await body(daemon, path)
        }
        #expect(!FileManager.default.fileExists(atPath: path), "the socket is removed at the stop")
    }

    @Test func theStatusSaysWhatTheDaemonDoes() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { daemon, path in
                #expect(try Self.mode(of: path) == S_IFSOCK | 0o600)
                try fixture.produce(100)
                try await fixture.untilLabelled(100)
                try await eventually("all are counted") { await daemon.statuses().first?.labelled == 100 }
                let status = try await Self.ask(path) { try $0.status() }
                #expect(status.version == LorikeetVersion.current && status.processId == Int(getpid()))
                #expect(status.workers == 2 && status.dtype == "float32")
                let pipeline = try #require(status.pipelines?.first)
                #expect(status.pipelines?.count == 1 && pipeline.name == "noise" && pipeline.state == "running")
                #expect(pipeline.labelled == 100 && pipeline.rejected == 0 && pipeline.waitingFor == nil)
                #expect(pipeline.retries != nil && pipeline.lag != nil && pipeline.outbox == nil)
                #expect(pipeline.batchFill.map { (0.0...1).contains($0) && $0 > 0 } == true)
                #expect(pipeline.latencySinceReceived?.p50 ?? 0 > 0)
                // The timestamps of the fixture are of 1970.
                #expect(pipeline.latencySinceProduced?.p50 ?? 0 > 86400)
                let task = try #require(pipeline.tasks?.first)
                #expect(task.name == "noise" && task.texts == 100 && task.abstained == 0)
                #expect(abs((task.labels ?? []).reduce(0) { $0 + $1.share } - 1) < 1e-9)
                let digest = try fixture.digests().first
                #expect(task.adapter?.version == 1 && task.adapter?.digest == digest)
                #expect((task.confidence ?? 0) >= 0.5 && task.retraining == nil)
                let metrics = try await Self.ask(path) { try $0.metrics() }
                #expect(metrics.value("lorikeet_workers") != nil)
                let seen = DaemonStatus(metrics, at: Date())
                let same = try #require(seen.pipelines?.first { $0.name == "noise" })
                #expect(same.tasks?.contains { $0.name == "noise" } == true && same.recordsPerSecond == nil)
            }
        }
    }

    /// While the database refuses a row of `rejected`, the sink is tried again and again, and the source is paused.
    @Test func theStatusSaysWhatWaitsAndHowOftenItFailed() async throws {
        try await DaemonFixture.with { fixture in
            try fixture.execute("ALTER TABLE lorikeet.rejected ADD CONSTRAINT refuses_all CHECK (false)")
            try await Self.withDaemon(fixture) { _, path in
                let producer = try fixture.broker.makeProducer()
                // No text: it is not UTF-8.
                try producer.produce(topic: "texts", partition: 0, payload: [0xFF, 0xFE], timestamp: 1000)
                try producer.flush(timeout: .seconds(20))
                func pipeline() async throws -> DaemonStatus.Pipeline {
                    let status = try await Self.ask(path) { try $0.status() }
                    return try #require(status.pipelines?.first)
                }
                try await eventually("it is tried again") { (try await pipeline().retries ?? 0) > 1 }
                try fixture.produce(40)
                try await eventually("records wait in the topic") {
                    let waiting = try await pipeline()
                    return (waiting.lag ?? 0) > 0 && waiting.paused == true
                }
                let waiting = try await pipeline()
                #expect(waiting.state == "waiting" && waiting.waitingFor?.isEmpty == false)
                try fixture.execute("ALTER TABLE lorikeet.rejected DROP CONSTRAINT refuses_all")
                try await fixture.untilLabelled(40)
                try await eventually("nothing waits") { try await pipeline().lag == 0 }
                let done = try await pipeline()
                #expect(done.waitingFor == nil && done.rejected == 1 && (done.retries ?? 0) > 1)
            }
        }
    }

    /// The adapter has no drift reference: the first texts make one, and the next window is compared with it.
    @Test func theStatusSaysHowTextsDrift() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { _, path in
                let count = DriftMonitor.centreTexts + DriftMonitor.profileTexts + 1_000
                try fixture.produce(count)
                try await fixture.untilLabelled(count)
                func drift() async throws -> DaemonStatus.Drift? {
                    let status = try await Self.ask(path) { try $0.status() }
                    return status.pipelines?.first?.tasks?.first?.drift
                }
                try await eventually("a window is compared") { try await drift()?.signals?.isEmpty == false }
                let said = try await drift()
                let signals = try #require(said?.signals)
                #expect(said?.alarm != nil && signals.contains { $0.signal == "confidence" })
                #expect(zip(signals, signals.dropFirst()).allSatisfy { $0.index >= $1.index })
                let page = try await Self.ask(path) { try $0.metrics() }
                let seen = DaemonStatus(page, at: Date()).pipelines?.first { $0.name == "noise" }
                let same = seen?.tasks?.first { $0.name == "noise" }?.drift
                #expect(same?.signals?.map(\.signal).sorted() == signals.map(\.signal).sorted())
                #expect(same?.alarm == said?.alarm)
            }
        }
    }

    @Test func aTapGetsEachTextOnceWithItsLabel() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { daemon, path in
                let request = TapRequest(pipeline: "noise", rate: 1_000)
                let early = try await Self.ask(path) { try $0.texts(of: request, limit: 10) }
                #expect(early == TappedTexts(texts: [], dropped: 0))
                try fixture.produce(60)
                try await fixture.untilLabelled(60)
                var texts: [TappedTexts.Text] = []
                while texts.count < 60 {
                    let passed = try await Self.ask(path) { try $0.texts(of: request, limit: 25) }
                    #expect(passed.dropped == 0 && passed.texts.count <= 25)
                    texts += passed.texts
                }
                #expect(Set(texts.map(\.text)) == Set((0..<60).map { "text \($0) of the river" }))
                for partition in ["texts/0@", "texts/1@"] {
                    let offsets = texts.map(\.origin).filter { $0.hasPrefix(partition) }.compactMap {
                        Int($0.dropFirst(partition.count))
                    }
                    #expect(offsets.count == 30 && Set(offsets) == Set(0..<30))
                }
                for text in texts.prefix(5) {
                    let label = try #require(text.labels.first)
                    #expect(label.task == "noise" && DaemonFixture.labels.contains(label.label ?? ""))
                }
                #expect(await daemon.taps.count == 1)
            }
            #expect(fixture.log.count(containing: "river") == 0)
        }
    }

    /// It asks once and never again.
    @Test func aReaderThatStopsReadingHoldsNothingUp() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { _, path in
                let request = TapRequest(pipeline: "noise", rate: 5)
                _ = try await Self.ask(path) { try $0.texts(of: request, limit: 1) }
                try fixture.produce(300)
                try await fixture.untilLabelled(300)
                let passed = try await Self.ask(path) { try $0.texts(of: request, limit: 1_000) }
                #expect(passed.texts.count + passed.dropped <= 300 && passed.dropped > 0)
            }
        }
    }

    @Test func aTapClosesOnceItsReaderIsGone() async throws {
        try await DaemonFixture.with { fixture in
            let clock = ManualClock()
            try await Self.withDaemon(fixture, tapClock: clock) { daemon, path in
                let request = TapRequest(pipeline: "noise", rate: 1)
                for _ in 0..<2 {
                    // The second question begins the time anew.
                    _ = try await Self.ask(path) { try $0.texts(of: request, limit: 1) }
                    await clock.waitForSleepers()
                    clock.advance(by: TapSessions.idleLimit - .seconds(1))
                    #expect(await daemon.taps.count == 1)
                }
                clock.advance(by: .seconds(1))
                try await eventually("the tap is closed") { await daemon.taps.count == 0 }
            }
        }
    }

    @Test func wrongQuestionsAreRefusedWithTheReason() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { daemon, path in
                func refusal(_ request: TapRequest) async throws -> String {
                    do {
                        _ = try await Self.ask(path) { try $0.texts(of: request, limit: 1) }
                        return ""
                    } catch DaemonClientError.refused(let reason) { return reason }
                }
                let pipeline = try await refusal(TapRequest(pipeline: "mail", rate: 1))
                #expect(pipeline == "no pipeline mail; the daemon has noise")
                let task = try await refusal(TapRequest(pipeline: "noise", task: "role", rate: 1))
                #expect(task == "noise has no task role; it has noise")
                #expect(try await refusal(TapRequest(pipeline: "noise", rate: 0)).hasPrefix("rate takes a number"))
                #expect(await daemon.taps.count == 0)
                for _ in 0..<TapSessions.limit {
                    #expect(try await refusal(TapRequest(pipeline: "noise", rate: 1)) == "")
                }
                #expect(try await refusal(TapRequest(pipeline: "noise", rate: 1)).contains("taps are open"))
            }
        }
    }

    // MARK: - The socket

    @Test func aSecondDaemonIsToldWhoListens() async throws {
        try await DaemonFixture.with { fixture in
            try await Self.withDaemon(fixture) { _, path in
                #expect {
                    _ = try ListeningSocket(path: path)
                } throws: { error in
                    let message = (error as? CommandFailure)?.message ?? ""
                    return message.contains("process \(getpid()) listens there") && message.contains("--socket PATH")
                }
                let status = try await Self.ask(path) { try $0.status() }
                #expect(status.processId == Int(getpid()), "the first is not disturbed")
            }
        }
    }

    @Test func theSocketOfADeadDaemonIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s.sock"
        // Closing does not remove the file, as with a process that was killed.
        do { _ = try ListeningSocket(path: path) }
        #expect(try Self.mode(of: path) == S_IFSOCK | 0o600)
        let second = try ListeningSocket(path: path)
        #expect(try Self.mode(of: path) == S_IFSOCK | 0o600)
        _ = consume second
    }

    private final class Listener: Sendable {
        private let socket: ListeningSocket

        init(_ path: String) throws { socket = try ListeningSocket(path: path) }
    }

    /// All find the socket of a dead daemon. One that looked before another listened must not remove the new socket.
    @Test func ofDaemonsThatStartTogetherOneListens() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s.sock"
        for _ in 0..<200 {
            // A process that another test starts has a copy of the last socket for a moment.
            try await eventually("nobody listens") { (try? Listener(path)) != nil }
            let listeners = await withTaskGroup(of: Listener?.self) { group in
                for number in 0..<4 {
                    group.addTask { await SystemThread.run(name: "daemon \(number)") { try? Listener(path) } }
                }
                return await group.reduce(into: [Listener?]()) { $0.append($1) }.compactMap(\.self)
            }
            try #require(listeners.count == 1)
            #expect(throws: CommandFailure.self, "it can be connected to") { _ = try Listener(path) }
            withExtendedLifetime(listeners) {}
        }
    }

    /// Whoever can read the folder can lock it.
    @Test func aStrangersLockOfTheFolderKeepsNoDaemonFromStarting() throws {
        let folder = try TemporaryFolder()
        let stranger = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(stranger) }
        try #require(flock(stranger, LOCK_EX) == 0)
        let listener = try Listener(folder.path + "/s.sock")
        withExtendedLifetime(listener) {}
        #expect(try Self.mode(of: folder.path + "/s.sock") == S_IFSOCK | 0o600)
    }

    @Test func aFileIsNeverReplaced() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("notes", "mine")
        #expect(throws: CommandFailure.self) { _ = try ListeningSocket(path: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    }

    @Test(arguments: ["", "/nonexistent/s.sock", "/tmp/" + String(repeating: "x", count: 200)])
    func aPathThatCannotBeUsedIsAClearError(path: String) {
        #expect {
            _ = try ListeningSocket(path: path)
        } throws: { error in
            (error as? CommandFailure)?.message.contains("--no-socket") == true
        }
    }
}
