import CLibPQ

extension PostgresConnection {
    /// Runs the body between BEGIN and COMMIT. If the body throws, rolls back and rethrows.
    ///
    /// If COMMIT fails with `isConnectionLoss`, it is unknown whether it took effect: repeat only an idempotent
    /// transaction.
    ///
    /// - Parameters:
    ///   - begin: BEGIN with its options. Statements behind a semicolon run in the same round trip.
    ///   - deadline: for each of BEGIN, COMMIT and ROLLBACK; the body's statements have their own.
    ///   - body: uses this connection.
    @discardableResult
    public func transaction<Value>(
        begin: String = "BEGIN", deadline: Duration? = nil, _ body: () throws -> Value
    ) throws -> Value {
        do {
            try executeScript(begin, deadline: deadline)
            let value = try body()
            // The server answers COMMIT of a failed transaction with ROLLBACK and without an error.
            if try execute("COMMIT", deadline: deadline).commandTag == "ROLLBACK" {
                throw PostgresError(
                    kind: .server, sqlState: "25P02",
                    message: "a statement had failed, so the transaction was rolled back")
            }
            return value
        } catch {
            undo("ROLLBACK", deadline: deadline)
            throw error
        }
    }

    /// Runs the body under a savepoint. If the body throws, undoes its changes and rethrows; the transaction continues.
    @discardableResult
    public func savepoint<Value>(deadline: Duration? = nil, _ body: () throws -> Value) throws -> Value {
        // One name serves at any depth: the innermost savepoint of a name counts.
        try execute("SAVEPOINT lorikeet", deadline: deadline)
        do {
            let value = try body()
            try execute("RELEASE SAVEPOINT lorikeet", deadline: deadline)
            return value
        } catch {
            undo("ROLLBACK TO SAVEPOINT lorikeet", deadline: deadline)
            undo("RELEASE SAVEPOINT lorikeet", deadline: deadline)
            throw error
        }
    }

    /// Closes the connection if undoing fails: its state is unknown then.
    private func undo(_ sql: String, deadline: Duration?) {
        guard isUsable, isInTransaction else { return }
        do { try execute(sql, deadline: deadline ?? .seconds(10)) } catch { close() }
    }
}
