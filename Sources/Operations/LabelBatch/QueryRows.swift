import JSON
import Pipelines
import PostgresClient
import Training

/// Rows of a SELECT, read through a cursor of the server in a read-only transaction: memory does not depend on their
/// number, and the server refuses a statement that writes.
final class QueryRows: RowInput {
    let name = "query"
    let columns: [String]?
    private let connection: PostgresConnection
    private let interruption: InputInterruption
    private var fetched: PostgresResult?
    /// The next of the fetched rows, and the bytes of those before it.
    private var (index, bytes) = (0, 0)
    /// Rows of the next fetch.
    private var size = 64

    /// A fetch has about so many bytes.
    private static let targetBytes = 4 << 20

    /// Begins the transaction and declares the cursor.
    ///
    /// The transaction has one snapshot until the last row is read: a row is neither missed nor read twice. As long,
    /// the server keeps what is deleted meanwhile. A cursor WITH HOLD would end that, but the server would have to
    /// store all rows first, and a pooler would lose it.
    ///
    /// - Throws: a failure that names the query, with the server's words.
    init(
        sql: String, database: Secret, columns wanted: RowColumns, interruption: InputInterruption
    ) throws {
        let select = try Self.select(sql)
        self.interruption = interruption
        do {
            connection = try PostgresConnection(dsn: database.value, applicationName: "lorikeet label")
            interruption.watch(connection.waker)
            try connection.execute("BEGIN READ ONLY")
            // While rows cannot be stored, none are fetched.
            try connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            let names = try connection.execute("SELECT * FROM (\n\(select)\n) AS q LIMIT 0").columns
            columns = names
            if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
                throw CommandFailure(.failed, "query: there are several columns named \(twice)")
            }
            try connection.execute(Self.cursor(over: select, names, wanted))
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.failed, "query: \(error)")
        }
    }

    deinit { connection.close() }

    /// The statement without what may stand behind it.
    private static func select(_ sql: String) throws(CommandFailure) -> String {
        var sql = sql[...]
        while let last = sql.last, last.isWhitespace || last == ";" { sql.removeLast() }
        guard sql.contains(where: { !$0.isWhitespace }) else { throw CommandFailure(.usage, "--query is empty") }
        return String(sql)
    }

    /// Line ends around the statement: it may end with a comment.
    private static func cursor(over select: String, _ names: [String], _ wanted: RowColumns) -> String {
        func column(_ name: String, _ expression: (String) -> String) -> String {
            names.contains(name) ? expression("q.\(SQLQuoting.identifier(name))") : "NULL"
        }
        let key = column(wanted.key) { "\($0)::text" }
        let time = column(wanted.time) { "(extract(epoch FROM \($0)::timestamptz) * 1000)::bigint" }
        return """
            DECLARE lorikeet_label NO SCROLL CURSOR FOR
            SELECT row_to_json(q)::text AS record, \(key) AS key, \(time) AS time FROM (
            \(select)
            ) AS q
            """
    }

    func next() throws -> InputRow? {
        do {
            if fetched.map({ index >= $0.count }) ?? true { try fetch() }
            guard let fetched, index < fetched.count else { return nil }
            defer { index += 1 }
            let row = fetched[index]
            let record = Array(try row.text("record").utf8)
            bytes += record.count
            let known = (key: try row.optionalText("key").map { Array($0.utf8) }, time: try row.optionalInteger("time"))
            guard let value = try? JSONParser.parse(record) else {
                return InputRow(row: .unreadable(record), known: known)
            }
            return InputRow(row: .object(value, bytes: record), known: known)
        } catch {
            throw CommandFailure(.failed, "query: \(error)")
        }
    }

    private func fetch() throws {
        if interruption.isAsked { throw CancellationError() }
        if index > 0 { size = min(max(1, Self.targetBytes / max(1, bytes / index)), 2048) }
        fetched = try connection.execute("FETCH FORWARD \(size) FROM lorikeet_label")
        (index, bytes) = (0, 0)
    }
}
