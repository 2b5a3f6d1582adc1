import Glibc

/// What systemd listens on: the socket that `NOTIFY_SOCKET` names.
public final class NotifySocket: Sendable {
    /// A socket call that failed.
    public struct Failure: Error {}

    private let descriptor: Int32
    /// The value of `NOTIFY_SOCKET`.
    public let address: String

    /// - Parameter address: a path, or a name in the abstract namespace after `@`.
    public init(address: String) throws {
        self.address = address
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure() }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(address.utf8)
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        let bound = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw Failure() }
    }

    deinit { close(descriptor) }

    /// The next datagram; nil if none is waiting. Sending on a local socket delivers before it returns.
    public func receive() -> String? { receive(flags: Int32(MSG_DONTWAIT)) }

    /// Blocks until nobody has written for so long, as a watchdog does.
    public func untilSilent(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        while receive(flags: 0) != nil {}
    }

    private func receive(flags: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, flags)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
