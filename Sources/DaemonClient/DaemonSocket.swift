import FoundationEssentials
import Glibc

/// Where daemons have their Unix sockets.
public enum DaemonSocket {
    /// The name within the runtime directory of a unit.
    public static let name = "lorikeet.sock"
    /// Where systemd keeps the runtime directories of the units `lorikeet` and `lorikeet@NAME`.
    public static let runtimeFolder = "/run"

    /// The socket of a daemon that systemd started; nil for others.
    ///
    /// - Parameter environment: `RUNTIME_DIRECTORY`, which systemd sets.
    public static func path(environment: [String: String]) -> String? {
        SystemdFolder.runtime.path(in: environment).map { "\($0)/\(name)" }
    }

    /// The sockets of the units that run on this machine, whether this user may connect or not.
    public static func paths(in folder: String = runtimeFolder) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0 == "lorikeet" || $0.hasPrefix("lorikeet-") }.sorted().map { "\(folder)/\($0)/\(name)" }
            .filter(mayExist)
    }

    /// Also where this user may not look.
    private static func mayExist(_ path: String) -> Bool { access(path, F_OK) == 0 || errno == EACCES }

    /// The daemon to ask when none is named.
    ///
    /// - Throws: ``DaemonClientError`` if there is none, or more than one.
    public static func find(
        environment: [String: String], in folder: String = runtimeFolder
    ) throws(DaemonClientError) -> String {
        if let path = path(environment: environment) { return path }
        let paths = paths(in: folder)
        guard let path = paths.first else { throw .noDaemon(folder: folder) }
        guard paths.count == 1 else { throw .severalDaemons(paths) }
        return path
    }
}
