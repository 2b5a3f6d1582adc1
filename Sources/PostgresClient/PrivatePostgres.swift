/// A PostgreSQL cluster of our own in a temporary folder, on a Unix socket only, gone when this process is.
public final class PrivatePostgres: Sendable {
    /// `directory`: the folder to make the cluster's own folder in; nil: the system's temporary one.
    public static func start(directory: String? = nil, fsync: Bool = true) throws(PrivatePostgresError) -> PrivatePostgres {
        throw .noBinaries
    }
    /// A key=value connection string.
    public func dsn(database: String = "postgres", user: String = "postgres", password: String? = nil) -> String { "" }
    /// A command line that opens psql on it.
    public func psqlCommand(database: String = "postgres") -> String { "" }
    /// Stops every process of the server where it is, as a frozen machine would.
    public func pause() {}
    public func resume() {}
    /// Ends the server and starts it again over the same data.
    public func restart() throws(PrivatePostgresError) {}
    /// Ends the server at once, as a crash would; `restart` brings it back.
    public func crash() throws(PrivatePostgresError) {}
    /// Ends the server in order, keeping its data for `restart`.
    public func halt() throws(PrivatePostgresError) {}
    /// Ends the server and removes its folder. Also done when this process ends in whatever way.
    public func stop() {}
}

/// Why no private cluster runs.
public enum PrivatePostgresError: Error, Sendable, Equatable {
    case noBinaries
    case folder(path: String, reason: String)
    case initialization(log: String)
    case start(log: String)
    case timeout(String)
}
