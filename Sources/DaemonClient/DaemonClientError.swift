/// Why a daemon could not be asked.
public enum DaemonClientError: Error, Equatable, CustomStringConvertible {
    /// No unit runs on this machine.
    case noDaemon(folder: String)
    /// The sockets of the units that run.
    case severalDaemons([String])
    /// There is no such socket.
    case noSocket(String)
    /// The socket is there, and nobody listens.
    case notListening(String)
    /// Only its owner may connect.
    case notPermitted(String)
    /// An address that is none, with the reason.
    case invalidAddress(String)
    /// No answer, with the reason.
    case noAnswer(String, reason: String)
    /// The daemon refuses the question, with the reason.
    case refused(String)
    /// The answer is none that this program can read.
    case unreadable(String)

    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .noDaemon(let folder):
            "no daemon found in \(folder)/lorikeet*; name it with --socket PATH (of lorikeet run) or --url "
                + "http://HOST:PORT"
        case .severalDaemons(let paths):
            "several daemons run here; choose one with --socket: \(paths.joined(separator: ", "))"
        case .noSocket(let path):
            "\(path): no such socket; start the daemon with --socket \(path), or name that of a running one"
        case .notListening(let path):
            "\(path): no daemon listens; the one that made it has ended, so start it again"
        case .notPermitted(let path):
            "\(path): permission denied; only the user of the daemon and root may connect, as with sudo"
        case .invalidAddress(let reason): reason
        case .noAnswer(let place, let reason): "\(place): \(reason); does the daemon run?"
        case .refused(let reason): reason
        case .unreadable(let place):
            "\(place): the answer cannot be read; does a daemon of this version answer there?"
        }
    }
}
