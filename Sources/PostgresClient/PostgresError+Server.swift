import CLibPQ

extension PostgresError {
    /// The error in a failed result.
    init(result: OpaquePointer, connectionLost: Bool) {
        func field(_ code: Int32) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        let state = field(Field.sqlState)
        self.init(
            kind: connectionLost ? .connectionLost : .server, sqlState: state ?? (connectionLost ? "08006" : nil),
            severity: field(Field.severity), schemaName: field(Field.schemaName), tableName: field(Field.tableName),
            columnName: field(Field.columnName), constraintName: field(Field.constraintName),
            dataTypeName: field(Field.dataTypeName), isConnectionLoss: connectionLost)
        if let state {
            message = SQLState.namesObjectsOnly(state) ? field(Field.primaryMessage) ?? "" : ""
        } else if connectionLost {
            message = "the server closed the connection or cannot be reached"
        }
    }

    /// A failed connection, from libpq's verbose text, the only place of its SQLSTATE.
    static func connectionFailed(_ text: String, password: String?) -> PostgresError {
        var text = text
        if let password, !password.isEmpty { text = text.replacing(password, with: "***") }
        let lines = text.split(separator: "\n").map { $0.trimmingPrefix(while: \.isWhitespace) }
        // DETAIL, HINT and LOCATION have lines of their own.
        let told = lines.filter { line in
            !["DETAIL:", "HINT:", "LOCATION:", "CONTEXT:"].contains { line.hasPrefix($0) }
        }
        return PostgresError(
            kind: .connectionFailed, sqlState: told.lazy.compactMap(SQLState.init(verboseLine:)).last?.code ?? "08001",
            message: told.joined(separator: "; "), isConnectionLoss: true)
    }

    /// `PG_DIAG_*`, which are characters in C.
    private enum Field {
        static let severity = code("V")
        static let sqlState = code("C")
        static let primaryMessage = code("M")
        static let schemaName = code("s")
        static let tableName = code("t")
        static let columnName = code("c")
        static let dataTypeName = code("d")
        static let constraintName = code("n")

        private static func code(_ character: Unicode.Scalar) -> Int32 { Int32(character.value) }
    }
}

extension PostgresNotice {
    init(result: OpaquePointer) {
        let error = PostgresError(result: result, connectionLost: false)
        self.init(severity: error.severity ?? "", sqlState: error.sqlState ?? "", message: error.message)
    }
}
