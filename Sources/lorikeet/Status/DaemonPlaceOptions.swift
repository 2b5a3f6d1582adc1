import ArgumentParser
import Daemon
import DaemonClient
import FoundationEssentials

/// `--socket` and `--url`: which daemon to ask.
struct DaemonPlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Unix socket of the daemon. Default: that of the systemd unit, if one runs.", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Read /metrics of a daemon on another host instead. It says less than the socket.",
            valueName: "http://host:port"))
    var url: String?

    func validate() throws {
        if socket != nil, url != nil { throw ValidationError("--socket and --url name two daemons: give one") }
        if let url { do { _ = try DaemonConnection.Place(url: url) } catch { throw ValidationError("\(error)") } }
    }

    /// Where to ask.
    func place() throws(DaemonClientError) -> DaemonConnection.Place {
        if let url { return try DaemonConnection.Place(url: url) }
        if let socket { return .socket(socket) }
        return .socket(try DaemonSocket.find(environment: ProcessInfo.processInfo.environment))
    }
}
