/// Why no private cluster runs. Logs are the last lines of `initdb` or the server.
public enum PrivatePostgresError: Error, Sendable, Equatable {
    /// No `initdb` and `postgres`, neither under /usr/lib/postgresql nor on PATH: Debian's package `postgresql` has them.
    case noBinaries
    /// PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`, or no `setpriv`.
    case noUser
    case folder(path: String, reason: String)
    case initialization(log: String)
    case start(log: String)
    case timeout(waitingFor: String)
    case process(reason: String)
}

extension PrivatePostgresError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noBinaries: "PostgreSQL's initdb and postgres were not found; Debian's package 'postgresql' has them"
        case .noUser:
            "PostgreSQL does not run as root, and there is no other user to run it as (postgres or nobody, through setpriv)"
        case .folder(let path, let reason): "\(path): \(reason)"
        case .initialization(let log): "initdb failed: \(log)"
        case .start(let log): "the private PostgreSQL did not start: \(log)"
        case .timeout(let event): "the private PostgreSQL did not come to '\(event)' in time"
        case .process(let reason): "no process for the private PostgreSQL: \(reason)"
        }
    }
}
