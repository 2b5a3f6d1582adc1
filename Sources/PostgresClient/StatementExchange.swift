import CLibPQ
import Threading

/// Sends one statement and waits for its results, until the deadline and a grace period for cancelling.
struct StatementExchange {
    let handle: ConnectionHandle
    let waker: PostgresWaker
    let deadline: ContinuousClock.Instant?

    /// How long a server may take to cancel a statement before the connection is closed.
    private static let grace: Duration = .seconds(1)

    private var connection: OpaquePointer { handle.connection }

    init(handle: ConnectionHandle, waker: PostgresWaker, deadline: Duration?) {
        self.handle = handle
        self.waker = waker
        self.deadline = deadline.map { ContinuousClock.now + $0 }
    }

    /// Runs what `send` hands to libpq.
    func run(_ send: (OpaquePointer) -> Int32) throws(PostgresError) -> PostgresResult {
        _ = waker.takeCancel()  // of an earlier statement
        if send(connection) == 0 { throw lost() }
        if let interruption = try flush(until: deadline) { try abandon(interruption) }
        switch try collect(until: deadline) {
        case .result(let outcome): return try outcome.get()
        case .interrupted(let kind): return try cancel(kind)
        }
    }

    // MARK: - Waiting

    private enum Collected {
        case result(Result<PostgresResult, PostgresError>)
        case interrupted(PostgresError.Kind)
    }

    /// Waits once.
    ///
    /// - Returns: what ended the wait, if not the socket. A wake for notifications is left for them.
    private func wait(writing: Bool, until deadline: ContinuousClock.Instant?, heedsCancel: Bool) -> PostgresError.Kind?
    {
        while true {
            let event =
                heedsCancel
                ? waker.wait(for: handle.socket, writing: writing, deadline: deadline)
                : Poll.wait(for: handle.socket, writing: writing, deadline: deadline)
            switch event {
            case .ready: return nil
            case .deadline: return .deadlineExceeded
            case .signalled: if waker.takeCancel() { return .cancelled }
            }
        }
    }

    /// Sends what is queued, and reads meanwhile: a server with full buffers waits for that.
    private func flush(until deadline: ContinuousClock.Instant?) throws(PostgresError) -> PostgresError.Kind? {
        while true {
            let left = PQflush(connection)
            if left == 0 { return nil }
            if left < 0 { throw lost() }
            if let interruption = wait(writing: true, until: deadline, heedsCancel: true) { return interruption }
            if PQconsumeInput(connection) == 0 { throw lost() }
        }
    }

    /// Reads all results. The last one counts, or the first error.
    private func collect(until deadline: ContinuousClock.Instant?, heedsCancel: Bool = true) throws(PostgresError)
        -> Collected
    {
        var last: PostgresResult?
        var failure: PostgresError?
        while true {
            while PQisBusy(connection) != 0 {
                if let interruption = wait(writing: false, until: deadline, heedsCancel: heedsCancel) {
                    return .interrupted(interruption)
                }
                if PQconsumeInput(connection) == 0 { throw lost(after: failure) }
            }
            guard let result = PQgetResult(connection) else { break }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = PostgresResult(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                throw PostgresError(kind: .unexpectedResult, message: "COPY is not supported", isConnectionLoss: true)
            default:
                failure = failure ?? PostgresError(result: result, connectionLost: handle.isBroken)
                PQclear(result)
            }
        }
        if let failure { return .result(.failure(failure)) }
        if let last { return .result(.success(last)) }
        throw lost()
    }

    // MARK: - Cancelling

    /// Cancels the statement and waits for the grace period. Returns the result if the statement finished first.
    private func cancel(_ kind: PostgresError.Kind) throws(PostgresError) -> PostgresResult {
        CancelRequest.send(connection)
        guard case .result(let outcome) = try collect(until: ContinuousClock.now + Self.grace, heedsCancel: false)
        else {
            try abandon(kind)
        }
        switch outcome {
        case .success(let result): return result
        case .failure(let error) where error.sqlState == "57014":
            throw PostgresError(kind: kind, sqlState: "57014", message: "the statement was cancelled")
        case .failure(let error): throw error
        }
    }

    private func abandon(_ kind: PostgresError.Kind) throws(PostgresError) -> Never {
        throw PostgresError(
            kind: kind, sqlState: "57014", message: "the server did not answer in time; the connection was closed",
            isConnectionLoss: true)
    }

    /// Why the connection broke. The server's last error, if any, is in a result.
    ///
    /// - Parameter failure: the last error if it was read already: a FATAL error precedes the end of the connection.
    private func lost(after failure: PostgresError? = nil) -> PostgresError {
        if var failure {
            (failure.kind, failure.isConnectionLoss) = (.connectionLost, true)
            return failure
        }
        var lastError: PostgresError?
        while PQisBusy(connection) == 0, let result = PQgetResult(connection) {
            let status = PQresultStatus(result)
            if status == PGRES_FATAL_ERROR { lastError = PostgresError(result: result, connectionLost: true) }
            PQclear(result)
            if status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH { break }
        }
        return lastError
            ?? PostgresError(
                kind: .connectionLost, sqlState: "08006",
                message: "the server closed the connection or cannot be reached", isConnectionLoss: true)
    }
}
