import FoundationEssentials
import Glibc
import PostgresClient
import Retraining
import Serving
import Threading

/// A row of `lorikeet.leases` as one run holds it: the right of one process to do something alone.
///
/// It is a row and not a session lock, because a pooler shares sessions. The row's times are the database's. It expires
/// unless its holder renews it.
struct LeaseRow: Sendable {
    /// What the lease is for.
    let name: String
    let length: Duration
    /// Identifies this run.
    private let token = UUID().uuidString

    init(_ name: String, length: Duration) { (self.name, self.length) = (name, length) }

    /// The value of `holder` for a process.
    static func holder(process: pid_t) -> String {
        var name = [CChar](repeating: 0, count: 256)
        let isKnown = gethostname(&name, name.count - 1) == 0
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(isKnown ? host : "unknown host"), process \(process)"
    }

    /// Within a transaction: takes the lease if it is free or expired, or renews it if this run holds it.
    ///
    /// - Returns: who else holds it; `nil`: this run.
    func take(on connection: BoundedConnection) throws -> LeaseHolder? {
        let parameters = identity + [.double(seconds), .text(Self.holder(process: getpid()))]
        let taken = try connection.execute(
            """
            INSERT INTO lorikeet.leases AS l (name, token, holder, acquired_at, expires_at)
            VALUES ($1, $2::uuid, $4, clock_timestamp(),
                clock_timestamp() + $3::double precision * interval '1 second')
            ON CONFLICT (name) DO UPDATE SET token = excluded.token, holder = excluded.holder,
                acquired_at = CASE WHEN l.token = excluded.token THEN l.acquired_at ELSE excluded.acquired_at END,
                expires_at = excluded.expires_at
            WHERE l.token = excluded.token OR l.expires_at <= clock_timestamp() OR \(Self.isOfTheFuture)
            """, parameters)
        if taken.affectedRows == 1 { return nil }
        // ON CONFLICT has locked the row, so it still exists.
        let result = try connection.execute(
            "SELECT holder, \(ExactTime.column("acquired_at")) FROM lorikeet.leases WHERE name = $1", [.text(name)])
        guard let row = result.first else {
            throw ConnectorError(action: .retry, reason: "the lease disappeared while it was locked")
        }
        return LeaseHolder(process: try row.text("holder"), since: try ExactTime.date(row, "acquired_at"))
    }

    /// No holder renews it for so long: the database's clock was set back. Its holder has ended, or renews it within
    /// moments, and loses it if another process is faster.
    private static let isOfTheFuture =
        "l.expires_at > clock_timestamp() + 10 * $3::double precision * interval '1 second'"

    /// Within a transaction: extends it by its whole length, unless it has expired: then it is lost, even if nobody has
    /// taken it.
    ///
    /// - Returns: whether it is still held.
    func renew(on connection: BoundedConnection) throws -> Bool {
        try connection.execute(
            """
            UPDATE lorikeet.leases
            SET expires_at = clock_timestamp() + $3::double precision * interval '1 second'
            WHERE \(Self.isHeld)
            """, identity + [.double(seconds)]
        ).affectedRows == 1
    }

    /// Within a transaction: whether it is held. Others wait to take it until the transaction ends.
    func lock(on connection: BoundedConnection) throws -> Bool {
        let held = try connection.execute("SELECT name FROM lorikeet.leases WHERE \(Self.isHeld) FOR SHARE", identity)
        return !held.rows.isEmpty
    }

    /// Gives it up.
    func release(on connection: BoundedConnection) throws {
        try connection.execute("DELETE FROM lorikeet.leases WHERE name = $1 AND token = $2::uuid", identity)
    }

    private static let isHeld = "name = $1 AND token = $2::uuid AND expires_at > clock_timestamp()"

    private var identity: [PostgresValue] { [.text(name), .text(token)] }
    private var seconds: Double { length.inSeconds }
}
