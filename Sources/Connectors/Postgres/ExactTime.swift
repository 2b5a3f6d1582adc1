import FoundationEssentials
import PostgresClient

/// Times with the server's microseconds: a `Date` is as exact as a `double precision`.
enum ExactTime {
    /// Selects a `timestamptz` column for ``date(_:_:)``.
    static func column(_ name: String) -> String { "extract(epoch FROM \(name))::double precision AS \(name)" }

    static func date(_ row: PostgresRow, _ column: String) throws(PostgresError) -> Date {
        Date(timeIntervalSince1970: try row.double(column))
    }

    static func optionalDate(_ row: PostgresRow, _ column: String) throws(PostgresError) -> Date? {
        try row.optionalDouble(column).map { Date(timeIntervalSince1970: $0) }
    }

    /// For `to_timestamp($n::double precision)`.
    static func parameter(_ date: Date?) -> PostgresValue { date.map { .double($0.timeIntervalSince1970) } ?? .null }
}
