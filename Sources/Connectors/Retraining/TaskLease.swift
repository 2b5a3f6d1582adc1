import FoundationEssentials
import Glibc
import PostgresClient
import Retraining
import Serving
import Synchronization
import Threading

/// The right of one process to retrain a task: a row of `lorikeet.leases` that expires unless its holder renews it.
///
/// It is a row and not a session lock, because a pooler shares sessions. The row's times are the database's. Between
/// renewals the holder measures by its own steady clock, from before each request, so that it gives up no later than
/// the row expires.
final class TaskLease: RetrainingLease {
    /// The lease of the running task. ``PostgresAdapterStore`` changes adapters only while it holds, and checks that in
    /// the same transaction.
    @TaskLocal static var current: TaskLease?

    let task: String
    private let token = UUID().uuidString
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
    static func holder(process: pid_t) -> String {
        var name = [CChar](repeating: 0, count: 256)
        let isKnown = gethostname(&name, name.count - 1) == 0
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(isKnown ? host : "unknown host"), process \(process)"
    }

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
        let parameters: [PostgresValue] = [
            .text(Self.name(of: task)), .text(token), .text(Self.holder(process: getpid())),
            .double(times.length / .seconds(1)),
        ]
        return try await session.run("taking a lease") { connection in
            try connection.transaction {
                let taken = try connection.execute(
                    """
                    INSERT INTO lorikeet.leases AS l (name, token, holder, acquired_at, expires_at)
                    VALUES ($1, $2::uuid, $3, clock_timestamp(),
                        clock_timestamp() + $4::double precision * interval '1 second')
                    ON CONFLICT (name) DO UPDATE SET token = excluded.token, holder = excluded.holder,
                        acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
                    WHERE l.expires_at <= clock_timestamp() OR \(Self.isOfTheFuture)
                    """, parameters)
                if taken.affectedRows == 1 { return nil }
                // ON CONFLICT has locked the row, so it still exists.
                let result = try connection.execute(
                    "SELECT holder, \(ExactTime.column("acquired_at")) FROM lorikeet.leases WHERE name = $1",
                    [parameters[0]])
                guard let row = result.first else {
                    throw ConnectorError(action: .retry, reason: "the lease disappeared while it was locked")
                }
                return LeaseHolder(process: try row.text("holder"), since: try ExactTime.date(row, "acquired_at"))
            }
        }
    }

    /// No holder renews it for so long: the database's clock was set back. Its holder has ended, or renews it within
    /// moments, and loses it if another process is faster.
    private static let isOfTheFuture =
        "l.expires_at > clock_timestamp() + 10 * $4::double precision * interval '1 second'"

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
        let seconds = times.length / .seconds(1)
        let renewed = try await session.run("renewing a lease") { connection in
            try connection.transaction {
                try connection.execute(
                    """
                    UPDATE lorikeet.leases
                    SET expires_at = clock_timestamp() + $3::double precision * interval '1 second'
                    WHERE \(Self.isHeld)
                    """, identity + [.double(seconds)]
                ).affectedRows
            }
        }
        guard renewed == 1 else { return lose() }
        state.withLock { state in
            state.renewed = asked
            state.obstacle = nil
        }
    }

    /// Within a transaction: checks that it is held and keeps it until the transaction ends; others wait to take it.
    func verify(on connection: BoundedConnection) throws {
        let held = try connection.execute("SELECT name FROM lorikeet.leases WHERE \(Self.isHeld) FOR SHARE", identity)
        if held.rows.isEmpty { lose() }
        if let loss { throw ConnectorError(action: .stop, reason: "the lease on retraining \(task) is lost: \(loss)") }
    }

    /// Releases it. If that fails, it expires.
    func release() async {
        let identity = identity
        try? await session.run("releasing a lease") { connection in
            _ = try connection.execute("DELETE FROM lorikeet.leases WHERE name = $1 AND token = $2::uuid", identity)
        }
        await session.close()
    }

    private static let isHeld = "name = $1 AND token = $2::uuid AND expires_at > clock_timestamp()"

    private var identity: [PostgresValue] { [.text(Self.name(of: task)), .text(token)] }

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
