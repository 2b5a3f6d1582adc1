import Glibc
import Synchronization

/// A PostgreSQL cluster of our own in a temporary folder, on a Unix socket only, gone when this process is.
///
/// A shell supervises the server and reads commands from a socket of which this process alone has the other end. However this process ends, also by `kill -9`, the
/// socket ends with it: the shell then stops the server and removes the folder. (`PR_SET_PDEATHSIG` would not do: it fires when the thread that started the child ends.)
/// If we are root, the server runs as `postgres` or `nobody`. Members of a role `password_required`, if you make one, need their passwords; everyone else who can reach the socket,
/// which only the server's user and root can, is trusted.
public final class PrivatePostgres: Sendable {
    /// The cluster's own folder, with `server.log` in it.
    public let folder: String
    private let binaries: String

    // MARK: - Mutable State

    /// `nil` after `stop`. The lock makes starts and stops from several threads follow one another.
    private let supervisor: Mutex<ServerSupervisor?>

    /// Makes a cluster and awaits that it takes connections, one to three seconds.
    ///
    /// - Parameters:
    ///   - directory: where to make the cluster's own folder; `nil` is the system's temporary one. The server's user must be able to get there.
    ///   - fsync: `false` trades durability for speed, for tests.
    ///   - settings: of the server, as in `max_connections: 5`; names and values of letters, digits and `_.,/=-` only.
    public static func start(
        directory: String? = nil, fsync: Bool = true, settings: [String: String] = [:]
    ) throws(PrivatePostgresError) -> PrivatePostgres {
        guard let binaries = ServerBinaries.folder() else { throw .noBinaries }
        let user = try ServerUser.current()
        let folder = try ServerFolder.make(in: directory, owner: user)
        return PrivatePostgres(
            folder: folder, binaries: binaries,
            supervisor: try ServerSupervisor(
                folder: folder, binaries: binaries, user: user, fsync: fsync, settings: settings))
    }

    private init(folder: String, binaries: String, supervisor: consuming sending ServerSupervisor) {
        self.folder = folder
        self.binaries = binaries
        self.supervisor = Mutex(supervisor)
    }

    deinit { stop() }

    // MARK: - Reaching it

    /// A `key=value` connection string.
    public func dsn(database: String = "postgres", user: String = "postgres", password: String? = nil) -> String {
        let pairs =
            [("host", folder), ("port", "5432"), ("dbname", database), ("user", user)]
            + (password.map { [("password", $0)] } ?? [])
        return pairs.map { key, value in
            "\(key)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }.joined(separator: " ")
    }

    /// A command line that opens psql on it, to be run by root or the user who started it.
    public func psqlCommand(database: String = "postgres") -> String {
        let psql = access("/usr/bin/psql", X_OK) == 0 ? "psql" : "\(binaries)/psql"
        return "\(psql) -h \(folder) -U postgres -d \(database)"
    }

    // MARK: - Faults

    /// Freezes every process of the server, as a machine that hangs would.
    public func pause() { supervisor.withLock { $0?.signalServer(SIGSTOP) } }

    /// Ends `pause`.
    public func resume() { supervisor.withLock { $0?.signalServer(SIGCONT) } }

    /// Ends the server in order, keeping its data for `restart`.
    public func halt() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in try supervisor.endServer("halt") }
    }

    /// Ends the server at once, as a crash would; it recovers in `restart`.
    public func crash() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in try supervisor.endServer("crash") }
    }

    /// Ends the server, if it runs, and starts it again over the same data.
    public func restart() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in
            try supervisor.endServer("halt")
            try supervisor.startServer()
        }
    }

    /// Ends the server and removes its folder. Calling it again does nothing.
    public func stop() {
        supervisor.withLock { supervisor in
            supervisor?.stop()
            supervisor = nil
        }
    }

    private func onSupervisor(
        _ body: (inout ServerSupervisor) throws(PrivatePostgresError) -> Void
    ) throws(PrivatePostgresError) {
        // A result, because `withLock` passes only one kind of error through.
        let outcome = supervisor.withLock { supervisor -> Result<Void, PrivatePostgresError> in
            guard var running = supervisor else { return .failure(.process(reason: "it was stopped")) }
            defer { supervisor = running }
            do throws(PrivatePostgresError) {
                return .success(try body(&running))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}
