import Daemon
import DaemonClient
import FoundationEssentials

/// Reads the status of one daemon again and again. Not `Sendable`: one thread uses it.
final class StatusFeed {
    private let connection: DaemonConnection
    private let place: DaemonConnection.Place
    private var earlier: (page: MetricsPage, at: Date)?

    /// - Parameter timeout: of each reading.
    init(_ place: DaemonConnection.Place, timeout: Duration = .seconds(5)) throws(DaemonClientError) {
        self.place = place
        connection = try DaemonConnection(to: place, timeout: timeout)
    }

    /// Whether the first reading lacks the rates, which come with the second.
    var measuresRates: Bool { if case .url = place { true } else { false } }

    /// The status now.
    func next() throws(DaemonClientError) -> DaemonStatus {
        guard case .url = place else { return try connection.status() }
        let page = try connection.metrics()
        let now = Date()
        let status = DaemonStatus(page, at: now, since: earlier)
        guard status.version != nil || status.pipelines?.isEmpty == false else { throw .unreadable("\(place)") }
        earlier = (page, now)
        return status
    }
}
