import Glibc
import Synchronization

/// A private PostgreSQL cluster in a temporary folder, for the demo, tests, benchmarks and soak. It listens only on a
/// Unix socket, and ends with this process.
///
/// A shell supervises the server and reads commands from a socket whose other end only this process has. However this
/// process ends, even by `kill -9`, the socket closes: the shell then stops the server and removes the folder.
/// (`PR_SET_PDEATHSIG` would not do: it fires when the thread that started the child ends.)
///
/// If we are root, the server runs as `postgres` or `nobody`. Only that user and root can reach the socket, and both
/// are trusted. Members of a role `password_required`, if there is one, need their passwords.
public final class PrivatePostgres: Sendable {
    /// The cluster's own folder, with `server.log` in it.
    public let folder: String
    private let binaries: String

    // MARK: - Mutable State

    /// `nil` after `stop`. The lock serializes starts and stops from several threads.
    private let supervisor: Mutex<ServerSupervisor?>

    /// Creates a cluster and waits until it accepts connections, for one to three seconds.
    ///
    /// - Parameters:
    ///   - directory: the parent of the cluster's folder; `nil` is the system's temporary folder. The server's user
    ///     must be able to reach it.
    ///   - fsync: `false` trades durability for speed, for tests.
    ///   - settings: of the server, as in `max_connections: 5`. Names and values consist of letters, digits and
    ///     `_.,/=-`.
    public static func start(
        directory: String? = nil, fsync: Bool = true, settings: [String: String] = [:]
    ) throws(PrivatePostgresError) -> PrivatePostgres {
        guard let binaries = ServerFolder.Binaries.folder() else { throw .noBinaries }
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

    // MARK: - Connecting

    /// A `key=value` connection string.
    public func dsn(database: String = "postgres", user: String = "postgres", password: String? = nil) -> String {
        let pairs =
            [("host", folder), ("port", "5432"), ("dbname", database), ("user", user)]
            + (password.map { [("password", $0)] } ?? [])
        return pairs.map { key, value in
            "\(key)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }.joined(separator: " ")
    }

    /// A command line that opens psql on the cluster, for root or the user who started it.
    public func psqlCommand(database: String = "postgres") -> String {
        let psql = access("/usr/bin/psql", X_OK) == 0 ? "psql" : "\(binaries)/psql"
        return "\(psql) -h \(folder) -U postgres -d \(database)"
    }

    // MARK: - Faults

    /// Stops every process of the server with SIGSTOP, as if the machine hung.
    public func pause() { supervisor.withLock { $0?.signalServer(SIGSTOP) } }

    /// Ends `pause`.
    public func resume() { supervisor.withLock { $0?.signalServer(SIGCONT) } }

    /// Shuts the server down cleanly and keeps its data for `restart`.
    public func halt() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in try supervisor.endServer("halt") }
    }

    /// Ends the server as a crash would; `restart` recovers it.
    public func crash() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in try supervisor.endServer("crash") }
    }

    /// Starts the server over the same data, after shutting it down if it is running.
    public func restart() throws(PrivatePostgresError) {
        try onSupervisor { supervisor throws(PrivatePostgresError) in
            try supervisor.endServer("halt")
            try supervisor.startServer()
        }
    }

    /// Shuts the server down and removes its folder. Calling it again does nothing.
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
            guard var running = supervisor else { return .failure(.process(reason: "the cluster is stopped")) }
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

/// Why a private cluster did not start or react. Logs are the last lines of `initdb` or the server.
public enum PrivatePostgresError: Error, Sendable, Equatable {
    /// No `initdb` and `postgres`, neither under /usr/lib/postgresql nor on PATH.
    case noBinaries
    /// PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`, or no `setpriv`.
    case noUser
    /// The cluster's folder cannot be created.
    case folder(path: String, reason: String)
    /// `initdb` failed.
    case initialization(log: String)
    /// The server ended before it accepted connections.
    case start(log: String)
    /// The shell or the server did not react in time.
    case timeout(waitingFor: String)
    /// The supervising shell could not be started, or has ended.
    case process(reason: String)
}

extension PrivatePostgresError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .noBinaries: "initdb and postgres were not found: install Debian's package 'postgresql'"
        case .noUser:
            "PostgreSQL refuses to run as root: a user 'postgres' or 'nobody' and the program 'setpriv' are required"
        case .folder(let path, let reason): "\(path): \(reason)"
        case .initialization(let log): "initdb failed: \(log)"
        case .start(let log): "the private PostgreSQL did not start: \(log)"
        case .timeout(let event): "the private PostgreSQL did not finish '\(event)' in time"
        case .process(let reason): "the private PostgreSQL has no process: \(reason)"
        }
    }
}
