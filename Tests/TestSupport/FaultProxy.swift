import Glibc
import Synchronization

/// What a ``FaultProxy`` does with the bytes of one direction.
public enum ProxyVerdict: Sendable {
    /// These are forwarded in their place.
    case pass([UInt8])
    /// These are sent back to where the others came from.
    case answer([UInt8])
    /// Both sides of the connection are reset; nothing is forwarded.
    case cut
}

/// Looks at, and changes, what passes through one connection; used on that connection's thread only.
public protocol ProxyFilter: AnyObject {
    func fromClient(_ bytes: [UInt8]) -> ProxyVerdict
    func fromServer(_ bytes: [UInt8]) -> ProxyVerdict
}

/// A TCP proxy on 127.0.0.1 that breaks connections as networks do: cut, half open, refused, slow.
///
/// Its port stays its own while it refuses: a second socket that is bound and does not listen keeps it.
public final class FaultProxy: Sendable {
    /// Where connections go.
    public enum Upstream: Sendable {
        case tcp(address: String, port: UInt16)
        case unix(path: String)
        /// Nowhere: the filter answers itself.
        case nobody
    }

    /// How connections are treated.
    public enum Mode: Sendable {
        case forward
        /// Connections are accepted and stay open; bytes vanish in both directions.
        case halfOpen
    }

    /// The port it listens on, on 127.0.0.1.
    public let port: UInt16
    /// `127.0.0.1:port`.
    public var address: String { "127.0.0.1:\(port)" }

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var upstream: Upstream
        var mode = Mode.forward
        var delay: Int32 = 0
        var listener: Int32?
        /// Both ends of the connections that live; only their threads close them.
        var connections: [Int: (client: Int32, server: Int32?)] = [:]
        var accepted = 0
        var isStopped = false
    }

    private let state: Mutex<State>
    private let holder: Int32
    private let makeFilter: @Sendable (_ port: UInt16) -> (any ProxyFilter)?

    /// - Parameter filter: makes the filter of a new connection; it is told the proxy's own port.
    public init(
        to upstream: Upstream, filter: @escaping @Sendable (_ port: UInt16) -> (any ProxyFilter)? = { _ in nil }
    )
        throws(SocketFailure)
    {
        holder = try boundSocket(port: 0)
        port = try portOf(holder)
        state = Mutex(State(upstream: upstream))
        makeFilter = filter
        try accept()
    }

    /// Connections accepted since the start.
    public var accepted: Int { state.withLock { $0.accepted } }

    // MARK: - Faults

    /// Treats connections this way from now on.
    public func setMode(_ mode: Mode) { state.withLock { $0.mode = mode } }

    /// Delays every piece.
    public func setDelay(milliseconds: Int32) { state.withLock { $0.delay = milliseconds } }

    /// New connections go elsewhere; existing ones are cut.
    public func setUpstream(_ upstream: Upstream) {
        state.withLock { $0.upstream = upstream }
        cut()
    }

    /// Resets every existing connection.
    public func cut() {
        state.withLock { state in
            for connection in state.connections.values { reset(connection) }
        }
    }

    /// Refuses new connections; existing ones are cut.
    public func refuse() {
        let listener = state.withLock { state in
            defer { state.listener = nil }
            return state.listener
        }
        // Wakes the thread that accepts, which closes it.
        if let listener { shutdown(listener, Int32(SHUT_RDWR)) }
        cut()
    }

    /// Ends ``refuse()``.
    public func accept() throws(SocketFailure) {
        let listener = try boundSocket(port: port)
        guard listen(listener, 64) == 0 else {
            close(listener)
            throw SocketFailure("listen", errno)
        }
        let isWanted = state.withLock { state in
            guard state.listener == nil, !state.isStopped else { return false }
            state.listener = listener
            return true
        }
        guard isWanted else {
            close(listener)
            return
        }
        _ = BlockingThread.run { [self] in acceptAll(listener) }
    }

    /// Closes all connections and stops listening.
    public func stop() {
        refuse()
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        if isFirst { close(holder) }
    }

    deinit { stop() }

    private func reset(_ connection: (client: Int32, server: Int32?)) {
        for descriptor in [connection.client, connection.server].compactMap(\.self) {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            shutdown(descriptor, Int32(SHUT_RD))
        }
    }

    // MARK: - Threads

    private func acceptAll(_ listener: Int32) {
        while case let client = Glibc.accept(listener, nil, nil), client >= 0 {
            let isWanted = state.withLock { $0.listener == listener }
            guard isWanted else {
                close(client)
                break
            }
            _ = BlockingThread.run { [self] in serve(client) }
        }
        close(listener)
    }

    private func serve(_ client: Int32) {
        let (identity, upstream) = state.withLock { state in
            state.accepted += 1
            state.connections[state.accepted] = (client, nil)
            return (state.accepted, state.mode == .forward ? state.upstream : nil)
        }
        let server = upstream.flatMap(connected)
        if let server { state.withLock { $0.connections[identity]?.server = server } }
        var needsServer = true
        if case .nobody? = upstream { needsServer = false }
        if upstream == nil || server != nil || !needsServer {
            ProxyPump(client: client, server: server, filter: makeFilter(port)) { [self] in
                state.withLock { ($0.mode, $0.delay) }
            }.run()
        }
        // Taken out before it is closed, so that nobody resets another connection that got its number.
        _ = state.withLock { $0.connections.removeValue(forKey: identity) }
        close(client)
        if let server { close(server) }
    }
}

/// Copies bytes between two sockets until one of them ends.
private struct ProxyPump {
    let client: Int32
    /// `nil` where the connection was half open from the beginning.
    let server: Int32?
    let filter: (any ProxyFilter)?
    let condition: () -> (FaultProxy.Mode, Int32)

    func run() {
        var descriptors = [client, server].compactMap(\.self).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&descriptors, nfds_t(descriptors.count), -1) > 0 || errno == EINTR {
            for descriptor in descriptors where descriptor.revents != 0 {
                guard pass(from: descriptor.fd) else { return }
            }
        }
    }

    /// - Returns: whether the connection goes on.
    private func pass(from source: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(source, &buffer, buffer.count)
        guard count > 0 else { return false }
        let (mode, delay) = condition()
        guard mode == .forward else { return true }
        if delay > 0 { poll(nil, 0, delay) }
        let bytes = Array(buffer[..<count])
        let verdict = filter.map { source == client ? $0.fromClient(bytes) : $0.fromServer(bytes) } ?? .pass(bytes)
        switch verdict {
        case .pass(let bytes):
            guard let target = source == client ? server : client else { return true }
            return writeAll(bytes, to: target)
        case .answer(let bytes): return writeAll(bytes, to: source)
        case .cut:
            var linger = linger(l_onoff: 1, l_linger: 0)
            for descriptor in [client, server].compactMap(\.self) {
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            }
            return false
        }
    }

    private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}

// MARK: - Sockets

/// A socket call that failed.
public struct SocketFailure: Error, CustomStringConvertible {
    /// The call and its error.
    public let description: String

    init(_ call: String, _ code: Int32) { description = "\(call): \(String(cString: strerror(code)))" }
}

private func boundSocket(port: UInt16) throws(SocketFailure) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SocketFailure("socket", errno) }
    var one: Int32 = 1
    for option in [SO_REUSEADDR, SO_REUSEPORT] {
        setsockopt(descriptor, SOL_SOCKET, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = ipv4("127.0.0.1", port)
    let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    guard bound == 0 else {
        let code = errno
        close(descriptor)
        throw SocketFailure("bind", code)
    }
    return descriptor
}

private func portOf(_ descriptor: Int32) throws(SocketFailure) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let told = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard told == 0 else { throw SocketFailure("getsockname", errno) }
    return UInt16(bigEndian: address.sin_port)
}

private func ipv4(_ host: String, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(host)
    return address
}

/// A socket connected to it, or `nil` if nobody is there.
private func connected(_ upstream: FaultProxy.Upstream) -> Int32? {
    func attempt(_ family: Int32, _ body: (Int32) -> Int32) -> Int32? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        if body(descriptor) == 0 { return descriptor }
        close(descriptor)
        return nil
    }
    switch upstream {
    case .nobody: return nil
    case .tcp(let host, let port):
        var address = ipv4(host, port)
        return attempt(AF_INET) { descriptor in
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
    case .unix(let path):
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8) + [0]
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return attempt(AF_UNIX) { descriptor in
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}
