import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import Operations
import Pipelines
import ServiceLifecycle
import Synchronization

/// What the monitoring pages show; read for each request.
protocol MonitoredDaemon: Sendable {
    func metricsText() async -> String
    func liveness() async -> Liveness
    func readiness() async -> Readiness
}

/// `/metrics`, `/healthz` and `/readyz` over HTTP.
struct MonitoringServer: Service {
    private let host: String
    private let port: Int
    private let daemon: any MonitoredDaemon
    private let logger: Logger
    private let onListening: @Sendable (String) async -> Void

    /// - Parameters:
    ///   - address: `host:port`; port 0 is chosen by the system.
    ///   - onListening: gets the bound address.
    /// - Throws: status 64 for an invalid address.
    init(
        address: String, daemon: any MonitoredDaemon, logger: Logger,
        onListening: @escaping @Sendable (String) async -> Void
    ) throws(CommandFailure) {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw CommandFailure(
                .usage, "--http takes HOST:PORT, such as 127.0.0.1:9464 (port 0: any free one), not \(address)")
        }
        let host = address[..<colon].drop { $0 == "[" }
        self.host = host.isEmpty ? "127.0.0.1" : String(host.last == "]" ? host.dropLast() : host)
        self.port = Int(port)
        self.daemon = daemon
        self.logger = logger
        self.onListening = onListening
    }

    func run() async throws {
        let hasStarted = Atomic(false)
        let host = host
        // Hummingbird logs its start; the daemon logs that itself.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in
                hasStarted.store(true, ordering: .relaxed)
                await onListening("\(host.contains(":") ? "[\(host)]" : host):\(channel.localAddress?.port ?? port)")
            },
            logger: quiet)
        do {
            try await application.run()
        } catch  where !hasStarted.load(ordering: .relaxed) && !(error is CancellationError) {
            throw CommandFailure(
                .failed,
                "cannot listen on \(host):\(port) for /metrics, /healthz and /readyz: \(Self.reason(of: error)); "
                    + "choose another address with --http HOST:PORT (port 0: any free one)")
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        let daemon = daemon
        router.get("/metrics") { _, _ in
            Self.response(.ok, PrometheusText.contentType, await daemon.metricsText())
        }
        router.get("/healthz") { _, _ in
            let liveness = await daemon.liveness()
            return try Self.json(liveness.alive ? .ok : .serviceUnavailable, liveness)
        }
        router.get("/readyz") { _, _ in
            let readiness = await daemon.readiness()
            return try Self.json(readiness.ready ? .ok : .serviceUnavailable, readiness)
        }
        router.get("/") { _, _ in
            Self.response(
                .ok, "text/plain; charset=utf-8", "Lorikeet \(LorikeetVersion.current)\n/metrics\n/healthz\n/readyz\n")
        }
        return router
    }

    private static func json(_ status: HTTPResponse.Status, _ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(value)
        return response(status, "application/json", String(decoding: data, as: UTF8.self) + "\n")
    }

    private static func response(_ status: HTTPResponse.Status, _ type: String, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The end of `bind(…): Address already in use (errno: 98)`.
    private static func reason(of error: any Error) -> String {
        let text = String(describing: error)
        if text.contains("errno: \(EADDRINUSE)") || text.contains("already in use") { return "the port is taken" }
        if text.contains("errno: \(EACCES)") { return "not permitted" }
        if text.contains("errno: \(EADDRNOTAVAIL)") { return "no such address on this machine" }
        return text
    }
}
