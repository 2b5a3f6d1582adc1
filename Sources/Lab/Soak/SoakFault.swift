import Kernels

/// One fault of a soak: what breaks, and for how long.
struct SoakFault: Sendable {
    /// What breaks. The raw value is how the progress lines call it.
    enum Kind: String, CaseIterable, Sendable {
        case killDaemon = "SIGKILL to daemon"
        case terminateDaemon = "SIGTERM to daemon"
        case freezeDaemon = "SIGSTOP to daemon"
        case killBackends = "the database ends the daemons' sessions"
        case restartDatabase = "the database restarts"
        case crashDatabase = "the database crashes"
        case freezeDatabase = "SIGSTOP to the database"
        case refuseRequests = "the broker answers with error codes"
        case slowBroker = "the broker is slow"
        case cutBroker = "the broker is unreachable"
        case breakBroker = "the external broker is broken by --break-broker"
        case relabel = "a promotion, and relabelling beside the daemons"

        var needsOwnDatabase: Bool { [.restartDatabase, .crashDatabase, .freezeDatabase].contains(self) }
        var needsOwnBroker: Bool { [.refuseRequests, .slowBroker, .cutBroker].contains(self) }
        /// Whether it is possible only with `--break-broker`.
        var needsCommand: Bool { self == .breakBroker }
        var isOfDaemon: Bool { [.killDaemon, .terminateDaemon, .freezeDaemon].contains(self) }
        /// Whether the consumer group rebalances.
        var causesRebalance: Bool { needsOwnBroker || needsCommand || isOfDaemon }
    }

    let kind: Kind
    /// The index of the daemon, for faults of daemons.
    let daemon: Int
    let duration: Duration

    /// A random fault. The same random numbers give the same faults.
    init(among kinds: [Kind], daemons: Int, random: inout SplitMix64) {
        kind = kinds[random.below(kinds.count)]
        daemon = random.below(daemons)
        // Mostly short, sometimes longer than the session timeout of the group and the timeouts of the database.
        duration = random.below(5) == 0 ? .seconds(8 + random.below(5)) : .milliseconds(300 + random.below(2700))
    }

    var description: String { kind.isOfDaemon ? "\(kind.rawValue) \(daemon + 1)" : kind.rawValue }
}
