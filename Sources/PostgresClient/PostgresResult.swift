import CLibPQ

/// The rows a statement returned.
public final class PostgresResult: Sendable {
    /// Rows returned.
    public let count: Int = 0
    /// Rows inserted, updated or deleted, where the statement says so.
    public let affectedRows: Int = 0
    public let columns: [String] = []
    public subscript(row: Int) -> PostgresRow { PostgresRow(result: self, row: row) }
    public var rows: [PostgresRow] { [] }
    public var first: PostgresRow? { nil }
}

/// One row. Getters name a column; those without `optional` throw `unexpectedResult` for null.
public struct PostgresRow: Sendable {
    let result: PostgresResult
    let row: Int
    public func isNull(_ column: String) throws(PostgresError) -> Bool { false }
    public func text(_ column: String) throws(PostgresError) -> String { "" }
    public func optionalText(_ column: String) throws(PostgresError) -> String? { nil }
    public func integer(_ column: String) throws(PostgresError) -> Int64 { 0 }
    public func optionalInteger(_ column: String) throws(PostgresError) -> Int64? { nil }
    public func double(_ column: String) throws(PostgresError) -> Double { 0 }
    public func optionalDouble(_ column: String) throws(PostgresError) -> Double? { nil }
    public func boolean(_ column: String) throws(PostgresError) -> Bool { false }
    public func optionalBoolean(_ column: String) throws(PostgresError) -> Bool? { nil }
    public func bytes(_ column: String) throws(PostgresError) -> [UInt8] { [] }
    public func optionalBytes(_ column: String) throws(PostgresError) -> [UInt8]? { nil }
    /// Milliseconds since 1970.
    public func timestamp(_ column: String) throws(PostgresError) -> Int64 { 0 }
    public func optionalTimestamp(_ column: String) throws(PostgresError) -> Int64? { nil }
    public func texts(_ column: String) throws(PostgresError) -> [String?] { [] }
    public func optionalTexts(_ column: String) throws(PostgresError) -> [String?]? { nil }
    public func integers(_ column: String) throws(PostgresError) -> [Int64?] { [] }
    public func doubles(_ column: String) throws(PostgresError) -> [Double?] { [] }
}
