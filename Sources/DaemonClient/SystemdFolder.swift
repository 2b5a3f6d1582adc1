/// A folder that systemd gives a unit.
public enum SystemdFolder: String, Sendable {
    /// That of `RuntimeDirectory=`.
    case runtime = "RUNTIME_DIRECTORY"
    /// That of `StateDirectory=`.
    case state = "STATE_DIRECTORY"

    /// Its path, the first one if there are several; nil for a process that has none.
    ///
    /// - Parameter environment: has the variable that systemd sets. It separates several folders by colons.
    public func path(in environment: [String: String]) -> String? {
        environment[rawValue]?.split(separator: ":").first.map(String.init)
    }
}
