import CCurl

/// GET over HTTP, one request at a time over a connection that stays open. Owns one handle of libcurl. Not `Sendable`:
/// one thread at a time uses it.
final class HTTPFetch {
    struct Response {
        let status: Int
        let body: [UInt8]
    }

    enum Failure: Error, Equatable {
        /// The body has more bytes than this.
        case tooLarge(Int)
        /// libcurl's description, which holds no data.
        case failed(String)
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

    init(_ settings: RegistrySettings) throws(RegistryError) {
        guard Self.isInitialized, let handle = curl_easy_init() else {
            throw RegistryError(.unavailable, "schema registry: libcurl did not start")
        }
        self.handle = handle
        limit = settings.maximumAnswerBytes
        headers = curl_slist_append(nil, "Accept: application/vnd.schemaregistry.v1+json, application/json")
        let milliseconds = Int(settings.timeout / .milliseconds(1))
        var codes = [
            lorikeet_curl_set_list(handle, CURLOPT_HTTPHEADER, headers),
            lorikeet_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            lorikeet_curl_set_text(handle, CURLOPT_USERAGENT, "lorikeet"),
            // A redirection could lead the password elsewhere.
            lorikeet_curl_set_number(handle, CURLOPT_FOLLOWLOCATION, 0),
            // Signals belong to the daemon.
            lorikeet_curl_set_number(handle, CURLOPT_NOSIGNAL, 1),
            lorikeet_curl_set_number(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            lorikeet_curl_set_number(handle, CURLOPT_TIMEOUT_MS, milliseconds),
        ]
        if let username = settings.username {
            codes += [
                lorikeet_curl_set_number(handle, CURLOPT_HTTPAUTH, 1),
                lorikeet_curl_set_text(handle, CURLOPT_USERNAME, username),
                lorikeet_curl_set_text(handle, CURLOPT_PASSWORD, settings.password ?? ""),
            ]
        }
        if let file = settings.certificates { codes.append(lorikeet_curl_set_text(handle, CURLOPT_CAINFO, file)) }
        guard codes.allSatisfy({ $0 == CURLE_OK }) else {
            throw RegistryError(.invalid, "schema registry: libcurl does not take these settings")
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }

    /// The answer, whatever its status.
    func get(_ url: String) throws(Failure) -> Response {
        let body = Body(limit: limit)
        var code = lorikeet_curl_set_text(handle, CURLOPT_URL, url)
        if code == CURLE_OK {
            code = lorikeet_curl_set_writer(
                handle, { bytes, size, count, context in HTTPFetch.append(bytes, size * count, context) },
                Unmanaged.passUnretained(body).toOpaque())
        }
        if code == CURLE_OK { code = withExtendedLifetime(body) { curl_easy_perform(handle) } }
        if body.isTooLarge { throw .tooLarge(limit) }
        guard code == CURLE_OK else { throw .failed(String(cString: curl_easy_strerror(code))) }
        return Response(status: lorikeet_curl_status(handle), body: body.bytes)
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
