import Synchronization
import Threading

/// What a serving pipeline depends on.
enum Dependency: String, CaseIterable, Sendable {
    case adapters
    case source
    /// The source delivers messages and refuses commits.
    case commit
    /// The schema registry.
    case registry
    case sink
    /// Publishes what is stored. Texts are labelled and stored without it.
    case publisher

    /// The name in log lines and metrics. Reads and commits fail together, so they share one.
    var side: String { self == .commit ? Dependency.source.rawValue : rawValue }
}

/// Which dependencies are unavailable, why and since when: a state machine without I/O.
struct Availability: Sendable {
    /// From the first failure on a side until all its dependencies are available again.
    struct Outage: Sendable, Equatable {
        let since: Duration
        var attempts = 0
    }

    private var reasonsByDependency: [Dependency: String] = [:]
    private var outages: [String: Outage] = [:]

    func isUnavailable(_ dependency: Dependency) -> Bool { reasonsByDependency[dependency] != nil }

    /// Why each unavailable dependency is without which no text is labelled, in the order of ``Dependency/allCases``.
    var reasons: [String] { Dependency.allCases.filter { $0 != .publisher }.compactMap { reasonsByDependency[$0] } }

    /// Why a side is unavailable; nil if it is available.
    func reason(ofSide side: String) -> String? {
        Dependency.allCases.lazy.filter { $0.side == side }.compactMap { reasonsByDependency[$0] }.first
    }

    /// Why nothing is published.
    var publisherReason: String? { reasonsByDependency[.publisher] }

    /// An attempt failed.
    ///
    /// - Returns: whether an outage of the dependency's side begins.
    mutating func failed(_ dependency: Dependency, reason: String, now: Duration) -> Bool {
        reasonsByDependency[dependency] = reason
        let begins = outages[dependency.side] == nil
        outages[dependency.side, default: Outage(since: now)].attempts += 1
        return begins
    }

    /// An attempt succeeded, or there is nothing left to attempt.
    ///
    /// - Returns: the outage that ends with it, if one does.
    mutating func succeeded(_ dependency: Dependency) -> Outage? {
        guard reasonsByDependency.removeValue(forKey: dependency) != nil,
            !reasonsByDependency.keys.contains(where: { $0.side == dependency.side })
        else { return nil }
        return outages.removeValue(forKey: dependency.side)
    }
}
