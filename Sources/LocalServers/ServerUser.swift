import Glibc
import Threading

/// The user that a private server runs as if we are root.
struct ServerUser {
    var id: uid_t
    var group: gid_t

    /// The prefix that runs a command as this user. The shell splits it at spaces.
    var prefix: String { "setpriv --reuid=\(id) --regid=\(group) --clear-groups" }

    /// `nil`: ourselves.
    static func current() throws(PrivatePostgresError) -> ServerUser? {
        if geteuid() != 0 { return nil }
        let folders = ["/usr/bin", "/bin", "/usr/local/bin"]
        guard folders.contains(where: { access("\($0)/setpriv", X_OK) == 0 }) else { throw .noUser }
        for name in ["postgres", "nobody"] {
            if let user = named(name) { return user }
        }
        throw .noUser
    }

    private static func named(_ name: String) -> ServerUser? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return ServerUser(id: entry.pw_uid, group: entry.pw_gid)
    }
}
