import Glibc
import HTTPClient

/// Asks a daemon over its Unix socket, or for its metrics over HTTP. Not `Sendable`: one thread at a time uses it.
public final class DaemonConnection {
    /// Where a daemon is.
    public enum Place: Sendable, Equatable, CustomStringConvertible {
        /// The path of its socket.
        case socket(String)
        /// Of its pages, without a slash at the end.
        case url(String)

        /// An address such as `http://host:9464`, with or without `/metrics`.
        ///
        /// - Throws: ``DaemonClientError/invalidAddress(_:)``.
        public init(url: String) throws(DaemonClientError) {
            var address = url[...]
            while address.last == "/" { address.removeLast() }
            if address.hasSuffix("/metrics") { address.removeLast("/metrics".count) }
            let scheme = ["http://", "https://"].first { address.hasPrefix($0) }
            guard let scheme, address.count > scheme.count, !address.contains(where: \.isWhitespace) else {
                throw .invalidAddress(
                    "--url takes the address of a daemon's pages, such as http://host:9464, not \(url)")
            }
            self = .url(String(address))
        }

        /// For messages.
        public var description: String {
            switch self {
            case .socket(let path): path
            case .url(let url): url
            }
        }
    }

    private let place: Place
    private let fetch: HTTPFetch

    /// Longer than a page with every label of a thousand tasks.
    private static let maximumAnswerBytes = 64 << 20

    /// Connects when first asked.
    ///
    /// - Parameter timeout: of each answer.
    public init(to place: Place, timeout: Duration = .seconds(5)) throws(DaemonClientError) {
        self.place = place
        var settings = HTTPFetch.Settings()
        (settings.timeout, settings.maximumAnswerBytes) = (timeout, Self.maximumAnswerBytes)
        if case .socket(let path) = place { settings.unixSocket = path }
        do throws(HTTPFetch.Failure) { fetch = try HTTPFetch(settings) } catch {
            throw .noAnswer("\(place)", reason: "libcurl does not start")
        }
    }

    /// What the daemon says of itself on its socket.
    public func status() throws(DaemonClientError) -> DaemonStatus {
        try decoded(DaemonStatus.self, try answer("/status"))
    }

    /// The page `/metrics`.
    public func metrics() throws(DaemonClientError) -> MetricsPage {
        MetricsPage(text: String(decoding: try answer("/metrics"), as: UTF8.self))
    }

    /// Texts that have passed, or that pass within a second. The first question opens the tap; it stays open as long as
    /// it is asked for its texts.
    public func texts(of tap: TapRequest, limit: Int) throws(DaemonClientError) -> TappedTexts {
        try decoded(TappedTexts.self, try answer(tap.path(limit: limit)))
    }

    private func decoded<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(DaemonClientError) -> Value {
        do { return try DaemonJSON.value(type, from: body) } catch { throw .unreadable("\(place)") }
    }

    private func answer(_ path: String) throws(DaemonClientError) -> [UInt8] {
        let response: HTTPFetch.Response
        do throws(HTTPFetch.Failure) {
            switch place {
            // The name is not looked up.
            case .socket: response = try fetch.get("http://localhost\(path)")
            case .url(let url): response = try fetch.get(url + path)
            }
        } catch {
            throw failure(error)
        }
        switch response.status {
        case 200: return response.body
        case 400, 503: throw .refused(Self.line(response.body))
        default: throw .noAnswer("\(place)\(path)", reason: "status \(response.status)")
        }
    }

    private func failure(_ failure: HTTPFetch.Failure) -> DaemonClientError {
        switch failure {
        case .unusable: return .noAnswer("\(place)", reason: "libcurl does not take the address")
        case .tooLarge: return .unreadable("\(place)")
        case .failed(let reason, let code):
            guard case .socket(let path) = place else { return .noAnswer("\(place)", reason: reason) }
            switch Self.problem(with: path) ?? code {
            case ENOENT, ENOTDIR: return .noSocket(path)
            case EACCES, EPERM: return .notPermitted(path)
            case ECONNREFUSED: return .notListening(path)
            case ENAMETOOLONG: return .invalidAddress("\(path): the path of a socket has at most 107 bytes")
            default: return .noAnswer(path, reason: reason)
            }
        }
    }

    /// Why nobody can connect to a path; nil if that is not the file's fault. libcurl does not always say.
    private static func problem(with path: String) -> Int32? {
        guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return ENAMETOOLONG }
        return access(path, R_OK | W_OK) == 0 ? nil : errno
    }

    private static func line(_ body: [UInt8]) -> String {
        String(decoding: body.prefix { $0 != UInt8(ascii: "\n") }.prefix(1000), as: UTF8.self)
    }
}
