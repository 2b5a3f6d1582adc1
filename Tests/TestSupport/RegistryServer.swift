import CMicroHTTPD
import Glibc
import Synchronization

/// A schema registry over real HTTP on 127.0.0.1: it answers each path as it is told, and unknown ones as Confluent's
/// registry does.
public final class RegistryServer: Sendable {
    /// One answer.
    public struct Answer: Sendable {
        /// The status, such as 200.
        public var status: UInt32
        /// The body.
        public var body: String

        /// - Parameters: as the properties.
        public init(status: UInt32 = 200, body: String) { (self.status, self.body) = (status, body) }
    }

    /// What it is told and what it was asked.
    public struct State: Sendable {
        /// Answers by path, without escapes.
        public var answers: [String: Answer] = [:]
        /// Answers everything, while set.
        public var outage: Answer?
        /// The paths that were asked for, in order.
        public var requests: [String] = []
        /// The header `Authorization` of each request.
        public var authorizations: [String?] = []
    }

    /// The present state.
    public let state = Watched(State())
    /// The address, without a slash at its end.
    public let url: String
    private let box: Box
    nonisolated(unsafe) private let daemon: OpaquePointer

    /// What the C library's thread sees of the server.
    private final class Box: Sendable {
        let state: Watched<State>

        init(_ state: Watched<State>) { self.state = state }
    }

    /// Why it did not start.
    public struct Failure: Error {}

    /// Starts to listen on a free port.
    public init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = Self.listen(on: descriptor, &address, &size)
        box = Box(state)
        guard isBound,
            let daemon = lorikeet_http_start(
                descriptor, 16, 30, handleRequest, finishRequest, Unmanaged.passUnretained(box).toOpaque())
        else { throw Failure() }
        self.daemon = daemon
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    }

    deinit { MHD_stop_daemon(daemon) }

    /// Binds a socket to the address, and replaces the address by the one that it got.
    private static func listen(
        on descriptor: Int32, _ address: inout sockaddr_in, _ size: inout socklen_t
    ) -> Bool {
        let length = size
        let isListening = withUnsafePointer(to: &address) { pointer -> Bool in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Bool in
                Glibc.bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 16) == 0
            }
        }
        guard isListening else { return false }
        return withUnsafeMutablePointer(to: &address) { pointer -> Bool in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Bool in
                getsockname(descriptor, address, &size) == 0
            }
        }
    }

    /// Answers an id with this schema.
    public func register(
        _ id: Int, schema: String, type: String? = nil, references: [(subject: String, version: Int)] = []
    ) {
        set("/schemas/ids/\(id)", Self.body(schema, type, references))
    }

    /// Answers a subject's version with this schema.
    public func register(
        subject: String, version: Int, schema: String, references: [(subject: String, version: Int)] = []
    ) {
        set("/subjects/\(subject)/versions/\(version)", Self.body(schema, nil, references))
    }

    /// Answers a path.
    public func set(_ path: String, _ body: String, status: UInt32 = 200) {
        state.update { $0.answers[path] = Answer(status: status, body: body) }
    }

    private static func body(_ schema: String, _ type: String?, _ references: [(subject: String, version: Int)])
        -> String
    {
        let escaped = schema.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        let list = references.map { #"{"name":"x","subject":"\#($0.subject)","version":\#($0.version)}"# }
        return #"{"schema":"\#(escaped)""# + (type.map { #","schemaType":"\#($0)""# } ?? "")
            + (list.isEmpty ? "" : #","references":[\#(list.joined(separator: ","))]"#) + "}"
    }

    fileprivate static func answer(_ path: String, _ authorization: String?, _ context: UnsafeMutableRawPointer)
        -> Answer
    {
        let box = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
        return box.state.update { state in
            state.requests.append(path)
            state.authorizations.append(authorization)
            let unknown = Answer(status: 404, body: #"{"error_code":40403,"message":"Schema not found"}"#)
            return state.outage ?? state.answers[path] ?? unknown
        }
    }
}

/// Called once for the head of a request and once more to answer it.
private let handleRequest: MHD_AccessHandlerCallback = { context, connection, path, _, _, _, bodySize, slot in
    guard let context, let connection, let path, let slot else { return lorikeet_http_no }
    guard slot.pointee != nil else {
        slot.pointee = context
        return lorikeet_http_yes
    }
    bodySize?.pointee = 0
    let header = lorikeet_http_header(connection, "Authorization").map { String(cString: $0) }
    let answer = RegistryServer.answer(String(cString: path), header, context)
    let body = Array(answer.body.utf8)
    guard let response = lorikeet_http_response(body, body.count) else { return lorikeet_http_no }
    defer { MHD_destroy_response(response) }
    return MHD_queue_response(connection, answer.status, response)
}

private let finishRequest: MHD_RequestCompletedCallback = { _, _, _, _ in }
