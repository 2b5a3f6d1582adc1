import Glibc

/// A socket of the system that takes datagrams: where systemd and journald listen.
struct UnixDatagram: Sendable {
    /// A path; a leading `@` means the abstract namespace.
    private let address: String

    /// - Returns: nil if this cannot be the address of a socket.
    init?(address: String) {
        guard let first = address.first, first == "/" || first == "@",
            address.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        else { return nil }
        self.address = address
    }

    /// Sends one datagram on a socket of its own, so that a listener may come, go and come back.
    ///
    /// - Returns: whether it was sent.
    func send(_ message: [UInt8]) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(address.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: bytes) }
        // An abstract name ends where the length says; a path ends with a zero byte.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        return withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                var sent = -1
                repeat {
                    sent = sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), target, length)
                } while sent < 0 && errno == EINTR
                return sent == message.count
            }
        }
    }
}
