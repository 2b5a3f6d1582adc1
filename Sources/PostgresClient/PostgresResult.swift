import CLibPQ

/// The rows a statement returned. Unchecked because libpq never changes a result once it is made, and this class only reads it.
public final class PostgresResult: @unchecked Sendable {
    private let result: OpaquePointer
    private let indices: [String: Int32]

    /// Rows returned.
    public let count: Int

    /// Names of the columns in their order.
    public let columns: [String]

    /// What the columns hold, in their order.
    public let columnKinds: [PostgresColumnKind]

    /// The command that was done, for example `INSERT 0 5`.
    public let commandTag: String

    /// Takes the result over.
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

    public subscript(row: Int) -> PostgresRow {
        precondition(row >= 0 && row < count, "a row that the result does not have")
        return PostgresRow(result: self, row: Int32(row))
    }

    public var rows: [PostgresRow] { (0..<count).map { self[$0] } }

    public var first: PostgresRow? { count > 0 ? self[0] : nil }

    /// Reads a cell; the bytes are valid within `body` only, `nil` is NULL.
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
