import Kernels

/// What a soak breaks, and for how long.
struct SoakFault: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case killDaemon = "kill -9 of a daemon"
        case terminateDaemon = "SIGTERM to a daemon"
        case freezeDaemon = "SIGSTOP of a daemon"
        case killBackends = "all sessions of the daemons ended by the database"
        case restartDatabase = "restart of the database"
        case crashDatabase = "immediate stop of the database"
        case freezeDatabase = "SIGSTOP of the database"
        case refuseRequests = "error codes from the broker"
        case slowBroker = "a slow broker"
        case cutBroker = "the broker away"
        case breakBroker = "the outside broker broken by its command"

        var needsOwnDatabase: Bool { [.restartDatabase, .crashDatabase, .freezeDatabase].contains(self) }
        var needsOwnBroker: Bool { [.refuseRequests, .slowBroker, .cutBroker].contains(self) }
        /// Only where a command for it was given.
        var needsCommand: Bool { self == .breakBroker }
        var isOfDaemon: Bool { [.killDaemon, .terminateDaemon, .freezeDaemon].contains(self) }
        /// Whether members come, go or join anew.
        var movesGroup: Bool { needsOwnBroker || needsCommand || isOfDaemon }
    }

    let kind: Kind
    /// Which daemon, where it is one.
    let daemon: Int
    /// How long it lasts.
    let duration: Duration

    /// The same random numbers give the same faults.
    init(among kinds: [Kind], daemons: Int, random: inout SplitMix64) {
        kind = kinds[random.below(kinds.count)]
        daemon = random.below(daemons)
        // Mostly short, sometimes longer than the group's and the database's patience.
        duration = random.below(5) == 0 ? .seconds(8 + random.below(5)) : .milliseconds(300 + random.below(2700))
    }

    var description: String {
        let target = kind.isOfDaemon ? " \(daemon + 1)" : ""
        return "\(kind.rawValue)\(target)"
    }
}
