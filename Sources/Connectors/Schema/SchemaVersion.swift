import Serving

/// Reads and checks the version in `lorikeet.schema_migrations`.
enum SchemaVersion {
    /// - Parameter mayBeMissing: return 0 if there is no table, instead of an error.
    static func read(_ connection: BoundedConnection, mayBeMissing: Bool) throws -> Int {
        if mayBeMissing {
            let place = try connection.execute(
                "SELECT to_regclass('lorikeet.schema_migrations') IS NOT NULL AS present")
            guard try place.first?.boolean("present") == true else { return 0 }
        }
        let result = try connection.execute(
            "SELECT coalesce(max(version), 0)::bigint AS version FROM lorikeet.schema_migrations")
        return Int(try result.first?.integer("version") ?? 0)
    }

    /// - Throws: `.stop` unless the schema has the version that this program requires.
    static func verify(_ connection: BoundedConnection) throws {
        let version = try read(connection, mayBeMissing: true)
        let expected = Schema.expectedVersion
        if version > expected { throw newer(version, than: expected) }
        if version == 0 {
            throw ConnectorError(action: .stop, reason: "the database has no schema lorikeet: run `lorikeet migrate`")
        }
        if version < expected {
            throw ConnectorError(
                action: .stop,
                reason: "the database's schema lorikeet has version \(version), and this program requires version "
                    + "\(expected): run `lorikeet migrate`"
            )
        }
    }

    static func newer(_ version: Int, than expected: Int) -> ConnectorError {
        ConnectorError(
            action: .stop,
            reason: "the database's schema lorikeet has version \(version), and this program knows versions up to "
                + "\(expected): install a newer lorikeet"
        )
    }
}
