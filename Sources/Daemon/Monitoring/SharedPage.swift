import Synchronization
import Threading

/// A page that is computed at most ten times per second, however often it is asked for: all who ask before it is
/// computed share it. What they get is never older than their request.
final class SharedPage: Sendable {
    private let compute: @Sendable () async -> HTTPServer.Response
    private let interval: Duration
    private let clock: Clock

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        /// Computed next, for all who ask now.
        var next: Latch<HTTPServer.Response>?
        /// How many ask for it.
        var waiting = 0
        /// Computed now, or last.
        var current: Latch<HTTPServer.Response>?
        var computedAt: Duration?
    }

    private let state = Mutex(State())

    init(
        interval: Duration = .milliseconds(100), clock: Clock = .system,
        compute: @escaping @Sendable () async -> HTTPServer.Response
    ) {
        (self.interval, self.clock, self.compute) = (interval, clock, compute)
    }

    /// How many wait for a page that is not being computed yet.
    var waiting: Int { state.withLock { $0.waiting } }

    /// The first who asks computes it.
    func response() async -> HTTPServer.Response {
        let own = Latch<HTTPServer.Response>()
        let (shared, previous) = state.withLock { state in
            state.waiting += 1
            if let next = state.next { return (next, nil as Latch<HTTPServer.Response>?) }
            state.next = own
            return (own, state.current)
        }
        guard shared === own else { return await shared.value }
        if let previous { _ = await previous.value }
        if let computedAt = state.withLock({ $0.computedAt }) {
            let wait = computedAt + interval - clock.now()
            if wait > .zero { try? await clock.sleep(wait) }
        }
        state.withLock { ($0.next, $0.current, $0.waiting) = (nil, own, 0) }
        let response = await compute()
        state.withLock { $0.computedAt = clock.now() }
        own.open(response)
        return response
    }
}
