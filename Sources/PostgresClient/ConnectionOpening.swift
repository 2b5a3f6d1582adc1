import CLibPQ
import Threading

extension ConnectionHandle {
    /// Connects without ever blocking longer than the deadline. (Only the resolver of host names, which libpq calls, knows no deadline.)
    func open(deadline: ContinuousClock.Instant, password: String?) throws(PostgresError) {
        if PQstatus(connection) == CONNECTION_BAD { throw .connectionFailed(errorText, password: password) }
        // libpq wants the first wait to be for writing.
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            if state == PGRES_POLLING_FAILED { throw .connectionFailed(errorText, password: password) }
            let isReading = state == PGRES_POLLING_READING
            guard Poll.wait(for: socket, reading: isReading, writing: !isReading, deadline: deadline) == .ready else {
                throw PostgresError(
                    kind: .deadlineExceeded, sqlState: "08001",
                    message: "the server did not accept the connection in time",
                    isConnectionLoss: true)
            }
            state = PQconnectPoll(connection)
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        PQsetnonblocking(connection, 1)
    }
}
