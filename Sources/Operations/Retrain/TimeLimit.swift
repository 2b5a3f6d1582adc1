import Pipelines
import Threading

/// Does something about work that takes too long.
public struct TimeLimit: Sendable {
    private let timer: Task<Void, Never>

    /// Starts to measure.
    ///
    /// - Parameters:
    ///   - limit: how long the work may take.
    ///   - body: runs once when the time is over.
    public init(_ limit: Duration, clock: Clock, _ body: @escaping @Sendable () async -> Void) {
        timer = Task {
            do { try await clock.sleep(limit) } catch { return }
            await body()
        }
    }

    /// Does the work. If the time is over when it ends, what is being done about that is cancelled, and this waits for
    /// it.
    public func during<Value>(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await work()
            await stop()
            return value
        } catch {
            await stop()
            throw error
        }
    }

    /// The work has ended.
    public func stop() async {
        timer.cancel()
        await timer.value
    }

    /// Why the work was ended, for a person.
    public static func reason(_ limit: Duration) -> String {
        "it took longer than time_limit, \(DurationText.format(limit))"
    }
}
