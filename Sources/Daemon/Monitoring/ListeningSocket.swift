import Glibc
import Threading

/// A TCP socket that accepts connections. It closes when it is deinitialised.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// The port that it is bound to.
    let port: UInt16

    /// Connections that the kernel keeps until they are accepted.
    private static let backlog: Int32 = 1024

    /// Binds the first address of `host` that can be bound.
    ///
    /// - Parameters:
    ///   - host: a name or an IP address.
    ///   - port: 0 lets the system choose one.
    /// - Throws: ``Failure``.
    init(host: String, port: UInt16) throws(Failure) {
        var hints = addrinfo()
        (hints.ai_socktype, hints.ai_flags) = (Int32(SOCK_STREAM.rawValue), AI_PASSIVE | AI_NUMERICSERV)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else { throw .unknownHost(String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var code = EADDRNOTAVAIL
        var next = list
        while let address = next?.pointee {
            switch Self.bound(to: address) {
            case .success(let descriptor):
                self.descriptor = descriptor
                self.port = Self.port(of: descriptor) ?? port
                return
            case .failure(let failure): code = failure.code
            }
            next = address.ai_next
        }
        throw .system(code)
    }

    deinit { close(descriptor) }

    private static func bound(to address: addrinfo) -> Result<Int32, SystemError> {
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, address.ai_socktype | flags, address.ai_protocol)
        guard descriptor >= 0 else { return .failure(SystemError("socket", code: errno)) }
        var on: Int32 = 1
        // A restarted daemon must not wait for its old connections to time out.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, listen(descriptor, backlog) == 0 else {
            let failure = SystemError("bind", code: errno)
            close(descriptor)
            return .failure(failure)
        }
        return .success(descriptor)
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let status = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
            guard status == 0 else { return nil }
            // The port is at the same place for IPv4 and IPv6.
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    /// Why a socket cannot listen.
    enum Failure: Error, Equatable, CustomStringConvertible {
        /// The host has no address; the resolver's message.
        case unknownHost(String)
        /// `errno` of the last address.
        case system(Int32)

        var description: String {
            switch self {
            case .unknownHost(let reason): reason
            case .system(EADDRINUSE): "the port is taken"
            case .system(EACCES): "not permitted"
            case .system(EADDRNOTAVAIL): "no such address on this machine"
            case .system(let code): SystemError.text(code)
            }
        }
    }
}
