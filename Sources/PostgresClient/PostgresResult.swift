import CLibPQ

/// The rows that a statement returned. `@unchecked Sendable` because libpq never changes a result and this class only
/// reads it.
public final class PostgresResult: @unchecked Sendable {
    private let result: OpaquePointer
    private let indices: [String: Int32]

    /// Number of rows.
    public let count: Int

    /// Names of the columns, in order.
    public let columns: [String]

    /// Kinds of the columns, in order.
    public let columnKinds: [PostgresColumnKind]

    /// The command tag, for example `INSERT 0 5`.
    public let commandTag: String

    /// Owns the result from now on.
    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        columnKinds = (0..<PQnfields(result)).map { PostgresColumnKind(oid: PQftype(result, $0)) }
        indices = Dictionary(zip(columns, 0...), uniquingKeysWith: { first, _ in first })
        commandTag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    deinit { PQclear(result) }

    /// Rows inserted, updated, deleted or selected; 0 for other commands.
    public var affectedRows: Int {
        commandTag.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    /// A row, from 0.
    public subscript(row: Int) -> PostgresRow {
        precondition(row >= 0 && row < count, "the result has no such row")
        return PostgresRow(result: self, row: Int32(row))
    }

    /// All rows, in order.
    public var rows: [PostgresRow] { (0..<count).map { self[$0] } }

    /// The first row, if there is one.
    public var first: PostgresRow? { count > 0 ? self[0] : nil }

    /// Reads a cell. The bytes are valid only within `body`; `nil` is NULL.
    func withCell<Value>(
        _ column: String, row: Int32, _ body: (UnsafeBufferPointer<UInt8>?) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        guard let index = indices[column] else { throw .unexpected("no column '\(column)' in the result") }
        if PQgetisnull(result, row, index) != 0 { return try body(nil) }
        let count = Int(PQgetlength(result, row, index))
        guard let start = PQgetvalue(result, row, index) else { return try body(nil) }
        let bytes = UnsafeRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
        return try body(bytes)
    }
}

/// The kind of a result's column, as far as it changes how the text of its values is read.
public enum PostgresColumnKind: Sendable, Equatable {
    /// `t` or `f`.
    case boolean
    /// An array of `t` and `f`.
    case booleans
    /// Text, even if it looks like `{…}`.
    case text
    /// A JSON document.
    case json
    /// Numbers, times, other arrays, user-defined types.
    case other

    /// - Parameter oid: of a built-in type; these never change.
    init(oid: UInt32) {
        switch oid {
        case 16: self = .boolean
        case 1000: self = .booleans
        // "char", name, text, unknown, bpchar, varchar.
        case 18, 19, 25, 705, 1042, 1043: self = .text
        // json, jsonb.
        case 114, 3802: self = .json
        default: self = .other
        }
    }
}
