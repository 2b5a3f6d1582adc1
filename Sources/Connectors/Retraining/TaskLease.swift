import Glibc
import PostgresClient
import Retraining
import Serving
import Synchronization
import Threading

/// The right of one process to retrain a task: a row of `lorikeet.leases` that expires unless its holder renews it.
///
/// The times of the row (``LeaseRow``) are the database's. Between renewals the holder measures by its own steady
/// clock, from before each request, so that it gives up no later than the row expires.
final class TaskLease: RetrainingLease {
    /// The lease of the running task. ``PostgresAdapterStore`` changes adapters only while it holds, and checks that in
    /// the same transaction.
    @TaskLocal static var current: TaskLease?

    let task: String
    private let row: LeaseRow
    private let times: LeaseTimes
    private let clock: Clock
    private let session: PostgresSession

    // MARK: - Mutable State (guarded by `state`)

    private struct State {
        /// When the last successful renewal was requested.
        var renewed: Duration
        /// Why the last renewal failed.
        var obstacle: String?
        /// Set for good once the database says so.
        var loss: String?
    }

    private let state: Mutex<State>

    private init(task: String, settings: PostgresSettings, times: LeaseTimes, clock: Clock) {
        (self.task, self.times, self.clock) = (task, times, clock)
        row = LeaseRow(Self.name(of: task), length: times.length)
        var settings = settings
        // An attempt that hangs must leave time for another.
        settings.statementDeadline = min(settings.statementDeadline, times.length / 6)
        settings.connectTimeout = min(settings.connectTimeout, times.length / 6)
        session = PostgresSession(settings, name: "lease \(task)")
        state = Mutex(State(renewed: clock.now()))
    }

    /// The key of a task's row.
    static func name(of task: String) -> String { "retraining \(task)" }

    /// The value of `holder` for a process.
    static func holder(process: pid_t) -> String { LeaseRow.holder(process: process) }

    var loss: String? {
        state.withLock { state in
            if let loss = state.loss { return loss }
            guard clock.now() - state.renewed >= times.length else { return nil }
            return "it could not be renewed within \(times.length)" + (state.obstacle.map { ": \($0)" } ?? "")
        }
    }

    var isTaken: Bool { state.withLock { $0.loss != nil } }

    // MARK: - Acquiring

    /// Takes the lease if it is free or expired.
    static func acquire(
        task: String, _ settings: PostgresSettings, times: LeaseTimes, clock: Clock
    ) async throws(ConnectorError) -> Exclusive<TaskLease> {
        let lease = TaskLease(task: task, settings: settings, times: times, clock: clock)
        do throws(ConnectorError) {
            guard let holder = try await lease.insert() else { return .ran(lease) }
            await lease.session.close()
            return .held(by: holder)
        } catch {
            await lease.session.close()
            throw error
        }
    }

    /// - Returns: who else holds it; `nil`: this process.
    private func insert() async throws(ConnectorError) -> LeaseHolder? {
        let row = row
        return try await session.run("taking a lease") { connection in
            try connection.transaction { try row.take(on: connection) }
        }
    }

    // MARK: - Keeping

    /// Renews it until the task is cancelled or the lease is lost.
    func keepAlive() async {
        var pause = times.heartbeat
        while loss == nil {
            do { try await clock.sleep(pause) } catch { return }
            do throws(ConnectorError) {
                try await renew()
                pause = times.heartbeat
            } catch {
                state.withLock { $0.obstacle = error.reason }
                pause = times.retry
            }
        }
    }

    /// Extends it by its whole length, unless it has expired: then it is lost, even if nobody has taken it.
    func renew() async throws(ConnectorError) {
        let asked = clock.now()
        let row = row
        let isHeld = try await session.run("renewing a lease") { connection in
            try connection.transaction { try row.renew(on: connection) }
        }
        guard isHeld else { return lose() }
        state.withLock { state in
            state.renewed = asked
            state.obstacle = nil
        }
    }

    /// Within a transaction: checks that it is held and keeps it until the transaction ends; others wait to take it.
    func verify(on connection: BoundedConnection) throws {
        if try !row.lock(on: connection) { lose() }
        if let loss { throw ConnectorError(action: .stop, reason: "the lease on retraining \(task) is lost: \(loss)") }
    }

    /// Releases it. If that fails, it expires.
    func release() async {
        let row = row
        try? await session.run("releasing a lease") { connection in
            try connection.transaction { try row.release(on: connection) }
        }
        await session.close()
    }

    private func lose() { state.withLock { $0.loss = "it expired before it was renewed, or was taken away" } }
}

/// How long a lease lasts and how often its holder renews it.
public struct LeaseTimes: Sendable, Equatable {
    /// From each renewal. A process that was killed holds its lease no longer than this.
    public var length: Duration
    /// Between two renewals.
    public var heartbeat: Duration
    /// Between two attempts at a renewal while the database is unavailable.
    public var retry: Duration

    /// - Parameters: as the properties.
    public init(length: Duration = .seconds(60), heartbeat: Duration = .seconds(20), retry: Duration = .seconds(2)) {
        (self.length, self.heartbeat, self.retry) = (length, heartbeat, retry)
    }
}
