import Operations
import ServiceLifecycle
import Threading

/// What the monitoring pages show; read for each request.
protocol MonitoredDaemon: Sendable {
    func metricsText() async -> String
    func liveness() async -> Liveness
    func readiness() async -> Readiness
    func build() -> BuildReport
}

/// The answer of `/version`: what the daemon is made of.
struct BuildReport: Sendable, Encodable, Equatable {
    var version: String
    var kernels: String
    /// The digest of the base.
    var base: String
    /// The type in which it computes.
    var dtype: String
}

/// `/metrics`, `/healthz`, `/readyz` and `/version` over HTTP.
struct MonitoringServer: Service {
    private let host: String
    private let port: UInt16
    /// By path.
    private let pages: [String: SharedPage]
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
        pages = Self.pages(of: daemon)
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
                let connections = HTTPServer.Connections {
                    PrometheusRegistry.shared.makeCounter(
                        label: DaemonMetricNames.closedConnections, dimensions: []
                    ).increment(by: 1)
                }
                return try HTTPServer(on: socket, connections: connections) { [pages] path in
                    await pages[path]?.response() ?? .text(404, "no such page\n")
                }
            } catch { reason = "\(error)" }
        } catch { reason = "\(error)" }
        throw CommandFailure(
            .failed,
            "cannot listen on \(host):\(port) for /metrics, /healthz and /readyz: \(reason); "
                + "choose another address with --http HOST:PORT (port 0: any free one)")
    }

    /// The pages that the port and the socket share, by path.
    static func pages(of daemon: any MonitoredDaemon) -> [String: SharedPage] {
        let index = "Lorikeet \(LorikeetVersion.current)\n/metrics\n/healthz\n/readyz\n/version\n"
        return [
            "/metrics": SharedPage {
                .init(status: 200, contentType: PrometheusText.contentType, body: await daemon.metricsText())
            },
            "/healthz": SharedPage {
                let liveness = await daemon.liveness()
                return .json(liveness, status: liveness.alive ? 200 : 503)
            },
            "/readyz": SharedPage {
                let readiness = await daemon.readiness()
                return .json(readiness, status: readiness.ready ? 200 : 503)
            },
            "/version": SharedPage { .json(daemon.build()) },
            "/": SharedPage { .text(200, index) },
        ]
    }
}
