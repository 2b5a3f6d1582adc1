import Threading

/// A clock that stands still until a test moves it.
public final class ManualClock: Sendable {
    private struct State: Sendable {
        var now = Duration.zero
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
    }

    private struct Sleeper: Sendable {
        let due: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let state = Watched(State())

    /// Starts at zero.
    public init() {}

    /// The clock as the serving path takes it.
    public var clock: Clock {
        Clock(now: { self.state.value.now }, sleep: { try await self.sleep($0) })
    }

    /// Moves on and wakes those whose time has come.
    public func advance(by duration: Duration) {
        let due = state.update { state in
            state.now += duration
            let due = state.sleepers.filter { $0.value.due <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.due < $1.due }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until so many tasks sleep, for less than `limit` if one is given.
    public func waitForSleepers(_ count: Int = 1, dueWithin limit: Duration? = nil) async {
        await state.wait { state in
            state.sleepers.values.count { sleeper in limit.map { sleeper.due <= state.now + $0 } ?? true } >= count
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.update { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isOver: Bool = state.update { state in
                    guard duration > .zero, !Task.isCancelled else { return true }
                    state.sleepers[id] = Sleeper(due: state.now + duration, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.update { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
        try Task.checkCancellation()
    }
}
