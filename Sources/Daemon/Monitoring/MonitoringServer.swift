import FoundationEssentials
import Operations
import ServiceLifecycle
import Threading

/// What the monitoring pages show; read for each request.
protocol MonitoredDaemon: Sendable {
    func metricsText() async -> String
    func liveness() async -> Liveness
    func readiness() async -> Readiness
}

/// `/metrics`, `/healthz` and `/readyz` over HTTP.
struct MonitoringServer: Service {
    private let host: String
    private let port: UInt16
    private let daemon: any MonitoredDaemon
    private let onListening: @Sendable (String) async -> Void

    /// - Parameters:
    ///   - address: `host:port`; port 0 is chosen by the system.
    ///   - onListening: gets the bound address.
    /// - Throws: status 64 for an invalid address.
    init(
        address: String, daemon: any MonitoredDaemon, onListening: @escaping @Sendable (String) async -> Void
    ) throws(CommandFailure) {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw CommandFailure(
                .usage, "--http takes HOST:PORT, such as 127.0.0.1:9464 (port 0: any free one), not \(address)")
        }
        let host = address[..<colon].drop { $0 == "[" }
        self.host = host.isEmpty ? "127.0.0.1" : String(host.last == "]" ? host.dropLast() : host)
        self.port = port
        self.daemon = daemon
        self.onListening = onListening
    }

    func run() async throws {
        let server = try server()
        await onListening("\(host.contains(":") ? "[\(host)]" : host):\(server.port)")
        try? await gracefulShutdown()
        await server.stop()
    }

    private func server() throws(CommandFailure) -> HTTPServer {
        let reason: String
        do throws(ListeningSocket.Failure) {
            let socket = try ListeningSocket(host: host, port: port)
            do throws(SystemError) {
                return try HTTPServer(on: socket) { [daemon] in await Self.response(to: $0, of: daemon) }
            } catch { reason = "\(error)" }
        } catch { reason = "\(error)" }
        throw CommandFailure(
            .failed,
            "cannot listen on \(host):\(port) for /metrics, /healthz and /readyz: \(reason); "
                + "choose another address with --http HOST:PORT (port 0: any free one)")
    }

    /// The pages that the port and the socket share.
    static func response(to path: String, of daemon: any MonitoredDaemon) async -> HTTPServer.Response {
        switch path {
        case "/metrics":
            return .init(status: 200, contentType: PrometheusText.contentType, body: await daemon.metricsText())
        case "/healthz":
            let liveness = await daemon.liveness()
            return json(liveness.alive ? 200 : 503, liveness)
        case "/readyz":
            let readiness = await daemon.readiness()
            return json(readiness.ready ? 200 : 503, readiness)
        case "/": return text(200, "Lorikeet \(LorikeetVersion.current)\n/metrics\n/healthz\n/readyz\n")
        default: return text(404, "no such page\n")
        }
    }

    private static func json(_ status: UInt32, _ value: some Encodable) -> HTTPServer.Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return text(500, "the answer cannot be encoded\n") }
        return .init(
            status: status, contentType: "application/json", body: String(decoding: data, as: UTF8.self) + "\n")
    }

    private static func text(_ status: UInt32, _ body: String) -> HTTPServer.Response {
        .init(status: status, contentType: "text/plain; charset=utf-8", body: body)
    }
}
