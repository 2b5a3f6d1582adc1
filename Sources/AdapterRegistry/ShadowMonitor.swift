import Synchronization

/// What one challenger in shadow did in this process: for metrics, and to notice that it fails. The texts that decide
/// are counted in the database, over all daemons.
public final class ShadowMonitor: Sendable {
    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        var comparison = ShadowComparison()
        var failure: String?
    }

    private let state = Mutex(State())

    /// Without texts.
    public init() {}

    /// Champion and challenger on the texts so far.
    public var comparison: ShadowComparison { state.withLock { $0.comparison } }

    /// Why it labels no more; nil while it works.
    public var failure: String? { state.withLock { $0.failure } }

    /// Counts one text.
    public func record(_ change: ShadowChange, championScore: Double, challengerScore: Double) {
        state.withLock {
            $0.comparison.add(change, championScore: championScore, challengerScore: challengerScore)
        }
    }

    /// From the next batch on, it labels no more. The first reason stays.
    public func fail(_ reason: String) { state.withLock { $0.failure = $0.failure ?? reason } }
}
