import Foundation
import Testing
import Threading

@testable import Daemon
@testable import Operations
@testable import Serving

private struct FakeDaemon: MonitoredDaemon {
    var isAlive = true
    var waitingFor: String?
    var parts: [String: Readiness.Part]?

    func build() -> BuildReport { BuildReport(version: "1.2", kernels: "avx2", base: "abc", dtype: "int8") }
    func metricsText() async -> String { "# TYPE x gauge\nx 1\n" }
    func liveness() async -> Liveness { Liveness(alive: isAlive, workers: 2, stuck: isAlive ? [] : [1]) }
    func readiness() async -> Readiness {
        Readiness(pipelines: [
            .init(name: "p", state: waitingFor == nil ? "running" : "waiting", waitingFor: waitingFor, parts: parts)
        ])
    }
}

/// Runs a server on a port of the system's choice while `body` has its address.
private func withServer(
    _ daemon: FakeDaemon, _ body: @escaping @Sendable (String) async throws -> Void
) async throws {
    let (addresses, continuation) = AsyncStream.makeStream(of: String.self)
    let server = try MonitoringServer(address: "127.0.0.1:0", daemon: daemon) {
        continuation.yield($0)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await server.run()
        }
        defer { group.cancelAll() }
        var iterator = addresses.makeAsyncIterator()
        let address = try #require(await iterator.next())
        try await body(address)
    }
}

@Test func thePagesAnswer() async throws {
    try await withServer(FakeDaemon()) { address in
        let metrics = try await HTTPAnswer.get("/metrics", from: address)
        #expect(metrics.status == 200 && metrics.body == "# TYPE x gauge\nx 1\n")
        #expect(metrics.head.lowercased().contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
        let health = try await HTTPAnswer.get("/healthz", from: address)
        #expect(health.status == 200 && health.body == #"{"alive":true,"stuck":[],"workers":2}"# + "\n")
        let ready = try await HTTPAnswer.get("/readyz", from: address)
        #expect(
            ready.status == 200 && ready.body == #"{"pipelines":[{"name":"p","state":"running"}],"ready":true}"# + "\n")
        let version = try await HTTPAnswer.get("/version", from: address)
        #expect(
            version.status == 200
                && version.body == #"{"base":"abc","dtype":"int8","kernels":"avx2","version":"1.2"}"# + "\n")
        #expect(version.head.lowercased().contains("content-type: application/json"))
        #expect(try await HTTPAnswer.get("/elsewhere", from: address).status == 404)
        #expect(try await HTTPAnswer.send("HEAD /elsewhere", to: address).status == 404)
    }
}

@Test func readyzNamesWhatAPipelineWaitsFor() async throws {
    try await withServer(FakeDaemon(isAlive: false, waitingFor: "a live adapter for role")) { address in
        let ready = try await HTTPAnswer.get("/readyz", from: address)
        #expect(ready.status == 503)
        #expect(
            ready.body
                == #"{"pipelines":[{"name":"p","state":"waiting","waiting_for":"a live adapter for role"}],"#
                + #""ready":false}"# + "\n")
        #expect(try await HTTPAnswer.get("/healthz", from: address).status == 503)
    }
}

@Test func readyzNamesEachPartWithItsState() async throws {
    let parts = ["broker": Readiness.Part(nil), "database": Readiness.Part("connection refused")]
    try await withServer(FakeDaemon(waitingFor: "connection refused", parts: parts)) { address in
        let ready = try await HTTPAnswer.get("/readyz", from: address)
        #expect(
            ready.body.contains(
                #""parts":{"broker":{"state":"available"},"#
                    + #""database":{"reason":"connection refused","state":"unavailable"}}"#))
    }
}

@Test func thePartsComeFromThePipelineAndItsAdapters() throws {
    var status = PipelineStatus(
        pipeline: "p", state: .waiting, waitingFor: "no leader", joining: nil, isPaused: false, partitions: 1,
        received: 0, labelled: 0, rejected: 0, dropped: 0, messagesPerSecond: 0, inFlight: 0, inFlightBytes: 0, lag: 0,
        batchFill: 0)
    status.dependencies = [
        DependencyStatus(name: "adapters"), DependencyStatus(name: "source", reason: "no leader"),
        DependencyStatus(name: "sink"), DependencyStatus(name: "publisher"),
    ]
    let pipeline = Readiness.Pipeline(status, obstacle: nil)
    let available = Readiness.Part(nil)
    #expect(
        pipeline.parts == [
            "adapters": available, "broker": Readiness.Part("no leader"), "database": available,
            "publisher": available,
        ])
    #expect(pipeline.waitingFor == "no leader")
    let outage = Readiness.Pipeline(status, obstacle: .database("connection refused"))
    #expect(outage.parts?["database"] == Readiness.Part("connection refused"))
    #expect(outage.waitingFor == "database: connection refused")
    let refused = Readiness.Pipeline(status, obstacle: .adapters("a usable adapter for role (labels differ)"))
    #expect(refused.parts?["adapters"]?.state == "unavailable")
    #expect(refused.waitingFor == "a usable adapter for role (labels differ)")
}

@Test func readinessSaysWhatIsJoinedAndForHowLong() throws {
    func pipeline(_ state: String, waitingFor: String? = nil, joining: String? = nil) -> Readiness.Pipeline {
        Readiness.Pipeline(name: "p", state: state, waitingFor: waitingFor, joining: joining)
    }
    let joining = Readiness(pipelines: [pipeline("joining", joining: "group readers for 12 s")])
    #expect(!joining.ready)
    #expect(joining.summary == "p: joining group readers for 12 s")
    let away = Readiness(pipelines: [pipeline("waiting", waitingFor: "a broker", joining: "group readers for 12 s")])
    #expect(away.summary == "p: waiting for a broker, joining group readers for 12 s")
    let json = String(decoding: try JSONEncoder().encode(joining), as: UTF8.self)
    #expect(json.contains(#""joining":"group readers for 12 s""#))
    #expect(Readiness(pipelines: [pipeline("running")]).summary == "labelling: p")
    #expect(Readiness(pipelines: [pipeline("starting")]).summary == "p: starting")
}

@Test func onlyGETAndHEADAreAnswered() async throws {
    try await withServer(FakeDaemon()) { address in
        let head = try await HTTPAnswer.send("HEAD /metrics", to: address)
        #expect(head.status == 200 && head.body.isEmpty)
        let post = try await HTTPAnswer.send("POST /metrics", body: String(repeating: "x", count: 200_000), to: address)
        #expect(post.status == 405 && post.head.contains("Allow: GET, HEAD"))
        #expect(try await HTTPAnswer.get("/metrics?name=x", from: address).status == 200)
    }
}

@Test func manyRequestsAtOnceAreAllAnswered() async throws {
    try await withServer(FakeDaemon()) { address in
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 { group.addTask { try await HTTPAnswer.get("/metrics", from: address).status } }
            for try await status in group { #expect(status == 200) }
        }
    }
}

@Test func aRequestThatIsBeingAnsweredIsFinishedBeforeTheServerStops() async throws {
    let (asked, mayAnswer) = (Latch<Void>(), Latch<Void>())
    let server = try HTTPServer(on: ListeningSocket(host: "127.0.0.1", port: 0)) { path in
        asked.open()
        await mayAnswer.value
        return .init(status: 200, contentType: "text/plain", body: path)
    }
    let address = "127.0.0.1:\(server.port)"
    async let answer = HTTPAnswer.get("/slow", from: address)
    await asked.value
    async let stopped: Void = server.stop()
    mayAnswer.open()
    await stopped
    let received = try await answer
    #expect(received.status == 200 && received.body == "/slow")
}

@Test func anUnknownHostIsAClearError() throws {
    #expect(throws: ListeningSocket.Failure.self) {
        _ = try ListeningSocket(host: "host.invalid", port: 0)
    }
}

@Test func aTakenPortIsAClearError() async throws {
    try await withServer(FakeDaemon()) { address in
        let second = try MonitoringServer(address: address, daemon: FakeDaemon()) { _ in
        }
        await #expect(
            throws: CommandFailure(
                .failed,
                "cannot listen on \(address) for /metrics, /healthz and /readyz: the port is taken; "
                    + "choose another address with --http HOST:PORT (port 0: any free one)"
            )
        ) { try await second.run() }
    }
}

@Test(arguments: ["", "9464", "localhost", "localhost:many", "localhost:70000"])
func anInvalidAddressIsAUsageError(address: String) {
    #expect(throws: CommandFailure.self) {
        _ = try MonitoringServer(address: address, daemon: FakeDaemon()) { _ in }
    }
}

@Test func theStatusLineSumsRatesAndLags() {
    func status(rate: Double, lag: Int64) -> PipelineStatus {
        PipelineStatus(
            pipeline: "p", state: .running, waitingFor: nil, joining: nil, isPaused: false, partitions: 1, received: 0,
            labelled: 0, rejected: 0, dropped: 0, messagesPerSecond: rate, inFlight: 0, inFlightBytes: 0, lag: lag,
            batchFill: 0)
    }
    let readiness = Readiness(pipelines: [
        Readiness.Pipeline(name: "mail", state: "running", waitingFor: nil, joining: nil),
        Readiness.Pipeline(name: "news", state: "running", waitingFor: nil, joining: nil),
    ])
    #expect(
        readiness.statusLine([status(rate: 10.3, lag: 5), status(rate: 2.4, lag: 7)])
            == "labelling: mail, news; 13 records per second, lag 12")
    #expect(Readiness(pipelines: []).statusLine([]) == "starting")
}
