import Glibc
import Operations
import Threading

extension ListeningSocket {
    /// Listens on a Unix socket that only its owner may connect to. Replaces one that a dead daemon left behind.
    ///
    /// - Throws: if the path cannot be used, or a daemon listens there.
    init(path: String) throws(CommandFailure) {
        guard var address = UnixAddress(path) else {
            throw Self.failure(path, "the path of a socket has 1 to \(UnixAddress.maximumBytes) bytes")
        }
        // Two daemons that start together must not remove each other's socket. Nothing else needs the lock.
        let lock = Self.lockFolder(of: path)
        defer { if lock >= 0 { close(lock) } }
        try Self.makeWay(for: path, &address)
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw Self.failure(path, SystemError.text(errno)) }
        // Before the socket has a name: nobody else can connect even for a moment.
        guard fchmod(descriptor, 0o600) == 0, address.call({ bind(descriptor, $0, $1) }) == 0,
            listen(descriptor, Self.unixBacklog) == 0
        else {
            let code = errno
            close(descriptor)
            throw Self.failure(path, SystemError.text(code))
        }
        self.descriptor = descriptor
        port = 0
    }

    private static let unixBacklog: Int32 = 64

    /// Removes a socket on which nobody listens.
    private static func makeWay(for path: String, _ address: inout UnixAddress) throws(CommandFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            // Whatever else is wrong, `bind` says.
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw failure(path, "there is a file that is no socket") }
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard probe >= 0 else { throw failure(path, SystemError.text(errno)) }
        defer { close(probe) }
        let code = address.call { connect(probe, $0, $1) } == 0 ? 0 : errno
        switch code {
        case ECONNREFUSED:
            guard unlink(path) == 0 else { throw failure(path, "a dead daemon left it: \(SystemError.text(errno))") }
        // EAGAIN: somebody listens, and is busy.
        case 0, EAGAIN: throw failure(path, "\(listener(of: probe)) listens there")
        case ENOENT: break
        default: throw failure(path, SystemError.text(code))
        }
    }

    /// Who listens at the other end.
    private static func listener(of descriptor: Int32) -> String {
        // Linux's `ucred`, which glibc declares for GNU programs only: process, user, group.
        var peer: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: peer))
        let isKnown = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.process > 0
        return isKnown ? "process \(peer.process)" : "another process"
    }

    /// A lock on the folder of a path, as long as the descriptor is open; -1 if there is none within a second: then two
    /// daemons would have to start in the same moment to notice.
    ///
    /// It asks again and again: `flock` has no time limit, and the kernel tells nobody when a lock is free. To wait for
    /// it without a limit would let anybody who can read the folder, such as /tmp, keep a daemon from starting. Another
    /// daemon has the lock for less than a millisecond.
    private static func lockFolder(of path: String) -> Int32 {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        let deadline = ContinuousClock.now + .seconds(1)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < deadline else {
                close(descriptor)
                return -1
            }
            _ = poll(nil, 0, 10)
        }
        return descriptor
    }

    private static func failure(_ path: String, _ reason: String) -> CommandFailure {
        CommandFailure(
            .failed,
            "cannot listen on \(path) for lorikeet status, top and tap: \(reason); choose another path with --socket "
                + "PATH, or none with --no-socket")
    }

    /// The address of a Unix socket with a path.
    private struct UnixAddress {
        static let maximumBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

        private var address = sockaddr_un()

        init?(_ path: String) {
            let bytes = Array(path.utf8)
            guard !bytes.isEmpty, bytes.count <= Self.maximumBytes, !bytes.contains(0) else { return nil }
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        }

        mutating func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}
