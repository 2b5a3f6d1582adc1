import CMicroHTTPD
import DaemonClient
import Glibc
import Synchronization
import Threading

/// An HTTP server for GET and HEAD. GNU libmicrohttpd parses requests in a thread of its own; answers are computed in
/// tasks on a second one, while the connection is suspended.
final class HTTPServer: Sendable {
    /// The answer to a request.
    struct Response: Sendable {
        var status: UInt32
        var contentType: String
        var body: String

        static func json(_ value: some Encodable, status: UInt32 = 200) -> Response {
            guard let line = try? DaemonJSON.text(value) else { return .text(500, "the answer cannot be encoded\n") }
            return Response(status: status, contentType: "application/json", body: line + "\n")
        }

        static func text(_ status: UInt32, _ body: String) -> Response {
            Response(status: status, contentType: "text/plain; charset=utf-8", body: body)
        }
    }

    private let socket: ListeningSocket
    private let requests: Requests
    private let connections: Connections
    nonisolated(unsafe) private let daemon: OpaquePointer

    private static let idleSeconds: UInt32 = 30
    /// For the head of a request and that of its answer. A longer head is answered with 431 or 413.
    private static let headBytes = 16 << 10
    /// A longer body ends the connection: no page takes one.
    fileprivate static let bodyBytes = 1 << 20
    /// How long a stop waits for peers that read their answer slowly.
    private static let stopPatience = Duration.seconds(2)

    /// Starts to serve pages without arguments.
    ///
    /// - Parameters:
    ///   - connections: closes connections when there are too many.
    ///   - respond: gets the path of a request, without the query.
    /// - Throws: if no thread can be started.
    convenience init(
        on socket: consuming ListeningSocket, connections: Connections = Connections(),
        respond: @escaping @Sendable (_ path: String) async -> Response
    ) throws(SystemError) {
        try self.init(
            on: socket, connections: connections, arguments: [], answer: { path, _ in await respond(path) })
    }

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - connections: closes connections when there are too many.
    ///   - names: of the arguments that `answer` gets, where a request has them.
    ///   - answer: gets the path of a request, without the query.
    /// - Throws: if no thread can be started.
    init(
        on socket: consuming ListeningSocket, connections: Connections = Connections(), arguments names: [String],
        answer: @escaping @Sendable (_ path: String, _ arguments: [String: String]) async -> Response
    ) throws(SystemError) {
        requests = Requests(
            connections: connections, thread: try AnswerThread(name: "lorikeet-http"), arguments: names,
            answer: answer)
        self.connections = connections
        guard
            let daemon = lorikeet_http_start_bounded(
                socket.descriptor, connections.mostOfLibrary, Self.idleSeconds, Self.headBytes, handleRequest,
                releaseRequest, Unmanaged.passUnretained(requests).toOpaque(), notifyConnection,
                Unmanaged.passUnretained(connections).toOpaque())
        else { throw SystemError("starting the HTTP server", code: errno) }
        self.daemon = daemon
        self.socket = socket
    }

    /// The port that it listens on.
    var port: UInt16 { socket.port }

    /// Answers what has been asked, and closes all connections. Does not wait for a peer that does not read its answer.
    func stop() async {
        _ = MHD_quiesce_daemon(daemon)
        // libmicrohttpd must not stop while a connection is suspended, and would drop an answer that is not sent yet.
        let patience = Task { [connections] in
            try await Task.sleep(for: Self.stopPatience)
            connections.closeAll()
        }
        await requests.drain()
        patience.cancel()
        MHD_stop_daemon(daemon)
    }
}

/// One request, from its head to the end of its answer. libmicrohttpd's thread and one task use it, in turn.
private final class Request: Sendable {
    let response = Mutex<HTTPServer.Response?>(nil)
    /// Bytes of the body so far.
    let received = Mutex(0)
}

extension HTTPServer {
    /// The requests whose answers are being computed or sent.
    fileprivate final class Requests: Sendable {
        let connections: HTTPServer.Connections
        private let thread: HTTPServer.AnswerThread
        private let argumentNames: [String]
        private let answer: @Sendable (String, [String: String]) async -> HTTPServer.Response

        // MARK: - Mutable State (guarded by `state`)

        private struct State {
            var running = 0
            var isDraining = false
        }

        private let state = Mutex(State())
        private let drained = Latch<Void>()

        init(
            connections: HTTPServer.Connections, thread: HTTPServer.AnswerThread, arguments names: [String],
            answer: @escaping @Sendable (String, [String: String]) async -> HTTPServer.Response
        ) {
            (self.connections, self.thread, argumentNames, self.answer) = (connections, thread, names, answer)
        }

        /// Suspends a connection until the answer is there; false while draining.
        func start(_ request: Request, path: String, connection: OpaquePointer) -> Bool {
            let accepted = state.withLock { state in
                if !state.isDraining { state.running += 1 }
                return !state.isDraining
            }
            guard accepted else { return false }
            connections.begins(connection)
            var arguments: [String: String] = [:]
            for name in argumentNames {
                arguments[name] = lorikeet_http_argument(connection, name).map { String(cString: $0) }
            }
            MHD_suspend_connection(connection)
            nonisolated(unsafe) let connection = connection
            Task(executorPreference: thread) { [arguments, answer] in
                let response = await answer(path, arguments)
                request.response.withLock { $0 = response }
                MHD_resume_connection(connection)
            }
            return true
        }

        /// Called once the answer to a request that was started is sent, or its client gone.
        func end(_ connection: OpaquePointer) {
            connections.ends(connection)
            let isLast = state.withLock { state in
                state.running -= 1
                return state.isDraining && state.running == 0
            }
            if isLast { drained.open() }
        }

        func drain() async {
            let isIdle = state.withLock { state in
                state.isDraining = true
                return state.running == 0
            }
            if isIdle { drained.open() }
            await drained.value
        }
    }
}

/// libmicrohttpd calls it when the head of a request is there, per piece of its body, at the end of the body, and when
/// the connection is resumed.
private let handleRequest: MHD_AccessHandlerCallback = { context, connection, path, method, _, _, bodySize, slot in
    guard let context, let connection, let path, let method, let slot else { return lorikeet_http_no }
    guard let pointer = slot.pointee else {
        slot.pointee = Unmanaged.passRetained(Request()).toOpaque()
        return lorikeet_http_yes
    }
    if let bodySize, bodySize.pointee > 0 {
        let size = bodySize.pointee
        bodySize.pointee = 0
        let request = Unmanaged<Request>.fromOpaque(pointer).takeUnretainedValue()
        let received = request.received.withLock { received in
            received += min(size, HTTPServer.bodyBytes + 1)
            return received
        }
        return received <= HTTPServer.bodyBytes ? lorikeet_http_yes : lorikeet_http_no
    }
    let request = Unmanaged<Request>.fromOpaque(pointer).takeUnretainedValue()
    if let response = request.response.withLock({ $0 }) { return HTTPServer.send(response, to: connection) }
    guard ["GET", "HEAD"].contains(String(cString: method)) else {
        return HTTPServer.send(.text(405, "only GET and HEAD\n"), to: connection)
    }
    let requests = Unmanaged<HTTPServer.Requests>.fromOpaque(context).takeUnretainedValue()
    if requests.start(request, path: String(cString: path), connection: connection) { return lorikeet_http_yes }
    return HTTPServer.send(.text(503, "stopping\n"), to: connection)
}

private let releaseRequest: MHD_RequestCompletedCallback = { context, connection, slot, _ in
    guard let context, let connection, let pointer = slot?.pointee else { return }
    let request = Unmanaged<Request>.fromOpaque(pointer).takeRetainedValue()
    // Only a request that was started has an answer here: until then, its connection is suspended.
    if request.response.withLock({ $0 != nil }) {
        Unmanaged<HTTPServer.Requests>.fromOpaque(context).takeUnretainedValue().end(connection)
    }
}

extension HTTPServer {
    fileprivate static func send(_ response: HTTPServer.Response, to connection: OpaquePointer) -> MHD_Result {
        let body = Array(response.body.utf8)
        guard let answer = lorikeet_http_response(body, body.count) else { return lorikeet_http_no }
        defer { MHD_destroy_response(answer) }
        MHD_add_response_header(answer, "Content-Type", response.contentType)
        MHD_add_response_header(answer, "Cache-Control", "no-store")
        if response.status == 405 { MHD_add_response_header(answer, "Allow", "GET, HEAD") }
        return MHD_queue_response(connection, response.status, answer)
    }
}
