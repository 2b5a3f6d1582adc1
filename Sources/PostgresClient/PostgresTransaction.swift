import CLibPQ

extension PostgresConnection {
    /// BEGIN, the body, COMMIT; ROLLBACK if the body throws, whose error is passed on.
    ///
    /// If COMMIT itself fails with `isConnectionLoss`, nobody knows whether it took effect: only a repeatable transaction may be repeated.
    ///
    /// - Parameters:
    ///   - begin: BEGIN with its options; behind a semicolon what sets the transaction up, in the same round trip.
    ///   - deadline: for each of BEGIN, COMMIT and ROLLBACK; statements of the body have their own.
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

    /// A part of a transaction: what the body did is undone if it throws, whose error is passed on, and the transaction lives on.
    @discardableResult
    public func savepoint<Value>(deadline: Duration? = nil, _ body: () throws -> Value) throws -> Value {
        // One name will do at any depth: the innermost one of a name counts.
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

    /// A session whose state nobody knows must not be used again: if undoing fails, the connection is closed.
    private func undo(_ sql: String, deadline: Duration?) {
        guard isUsable, isInTransaction else { return }
        do { try execute(sql, deadline: deadline ?? .seconds(10)) } catch { close() }
    }
}
