import CCurl

/// GET over HTTP, one request at a time over a connection that stays open. Owns one handle of libcurl. Not `Sendable`:
/// one thread at a time uses it.
public final class HTTPFetch {
    /// How to reach a server.
    public struct Settings: Sendable, Equatable {
        /// How long an answer may take, the connection included.
        public var timeout = Duration.seconds(5)
        /// A longer answer is refused.
        public var maximumAnswerBytes = 1 << 20
        /// The types of answers to ask for; nil: any.
        public var accept: String?
        /// A Unix socket to connect to, whatever the host of an address is.
        public var unixSocket: String?
        /// Whether a proxy that the environment names is asked; for a Unix socket none is.
        public var usesProxy = true
        /// Of basic authentication; nil: none.
        public var username: String?
        /// Of basic authentication.
        public var password: String?
        /// A file of certificates in PEM; nil: the system's.
        public var certificates: String?

        /// The defaults.
        public init() {}
    }

    /// What a server answered.
    public struct Response: Sendable {
        /// Such as 200.
        public let status: Int
        /// Without the head.
        public let body: [UInt8]
    }

    /// Why there is no answer.
    public enum Failure: Error, Equatable {
        /// libcurl does not start, or does not take the settings.
        case unusable
        /// The body has more bytes than this.
        case tooLarge(Int)
        /// libcurl's description, which holds no data, and `errno` of the connection or 0.
        case failed(String, errno: Int32)
    }

    /// The body as it arrives.
    private final class Body {
        let limit: Int
        var bytes: [UInt8] = []
        var isTooLarge = false

        init(limit: Int) { self.limit = limit }
    }

    private let handle: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let limit: Int

    /// libcurl wants this once, before any other thread uses it.
    private static let isInitialized: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Connects to nothing yet.
    ///
    /// - Throws: ``Failure/unusable``.
    public init(_ settings: Settings) throws(Failure) {
        guard Self.isInitialized, let handle = curl_easy_init() else { throw .unusable }
        self.handle = handle
        limit = settings.maximumAnswerBytes
        headers = settings.accept.flatMap { curl_slist_append(nil, "Accept: \($0)") }
        let milliseconds = Int(settings.timeout / .milliseconds(1))
        var codes = [
            lorikeet_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            lorikeet_curl_set_text(handle, CURLOPT_USERAGENT, "lorikeet"),
            // A redirection could lead the password elsewhere.
            lorikeet_curl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0),
            // Signals belong to the daemon.
            lorikeet_curl_set_number(handle, CURLOPT_NOSIGNAL, 1),
            lorikeet_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            lorikeet_curl_set_number(handle, CURLOPT_TIMEOUT_MS, milliseconds),
        ]
        if let headers { codes.append(lorikeet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers)) }
        if let socket = settings.unixSocket {
            codes.append(lorikeet_curl_set_text(handle, CURLOPT_UNIX_SOCKET_PATH, socket))
        }
        if settings.unixSocket != nil || !settings.usesProxy {
            codes.append(lorikeet_curl_set_text(handle, CURLOPT_NOPROXY, "*"))
        }
        if let username = settings.username {
            codes += [
                lorikeet_curl_set_number(handle, CURLOPT_HTTPAUTH, 1),
                lorikeet_curl_set_text(handle, CURLOPT_USERNAME, username),
                lorikeet_curl_set_text(handle, CURLOPT_PASSWORD, settings.password ?? ""),
            ]
        }
        if let file = settings.certificates { codes.append(lorikeet_curl_set_text(handle, CURLOPT_CAINFO, file)) }
        guard codes.allSatisfy({ $0 == CURLE_OK }) else { throw .unusable }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }

    /// The answer, whatever its status.
    public func get(_ url: String) throws(Failure) -> Response {
        let body = Body(limit: limit)
        var code = lorikeet_curl_set_text(handle, CURLOPT_URL, url)
        if code == CURLE_OK {
            code = lorikeet_curl_set_writer(
                handle, { bytes, size, count, context in HTTPFetch.append(bytes, size * count, context) },
                Unmanaged.passUnretained(body).toOpaque())
        }
        if code == CURLE_OK { code = withExtendedLifetime(body) { curl_easy_perform(handle) } }
        if body.isTooLarge { throw .tooLarge(limit) }
        guard code == CURLE_OK else {
            throw .failed(String(cString: curl_easy_strerror(code)), errno: Int32(lorikeet_curl_errno(handle)))
        }
        return Response(status: lorikeet_curl_status(handle), body: body.bytes)
    }

    /// A text as one part of a path, or as a value of a query.
    public static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: return String(UnicodeScalar(byte))
            default: return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// - Returns: the number of bytes taken; any other number than `count` ends the transfer.
    private static func append(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?
    ) -> Int {
        guard let bytes, let context else { return 0 }
        let body = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
        guard body.bytes.count + count <= body.limit else {
            body.isTooLarge = true
            return 0
        }
        body.bytes += UnsafeRawBufferPointer(start: bytes, count: count)
        return count
    }
}
