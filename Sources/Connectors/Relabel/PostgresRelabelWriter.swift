import PostgresClient
import Serving

/// Replaces labels in `lorikeet.labels`, one transaction per batch, as long as nobody else has written their rows.
public actor PostgresRelabelWriter {
    private let session: PostgresSession
    private let pipeline: String
    private let keepsHistory: Bool

    // MARK: - Mutable State (isolated to the actor)

    /// nil: nothing is published.
    private var outbox: OutboxWriter?

    /// - Parameters:
    ///   - settings: the database.
    ///   - pipeline: the value of the column `pipeline`.
    ///   - keepsHistory: whether the former labels go to `labels_history`.
    ///   - outbox: which records are also put into `lorikeet.outbox`; nil: none.
    public init(_ settings: PostgresSettings, pipeline: String, keepsHistory: Bool, outbox: OutboxSettings?) {
        session = PostgresSession(settings, name: "relabelling")
        (self.pipeline, self.keepsHistory) = (pipeline, keepsHistory)
        self.outbox = outbox.map { OutboxWriter(pipeline: pipeline, settings: $0) }
    }

    /// Closes the connection; the next batch opens another.
    func close() async { await session.close() }

    /// A row that the database refuses keeps its label.
    func write(_ rows: [RelabelledRow]) async throws(ConnectorError) -> RelabelOutcome {
        if rows.isEmpty { return RelabelOutcome() }
        let transaction = Transaction(rows: rows, pipeline: pipeline, keepsHistory: keepsHistory)
        let before = outbox
        do throws(ConnectorError) {
            let (outcome, after) = try await session.run("relabelling") { connection in
                var outbox = before
                try outbox?.requireRoom(on: connection)
                CrashPoint.beforeTransaction.pass()
                let outcome = try transaction.run(on: connection, &outbox)
                CrashPoint.afterTransaction.pass()
                return (outcome, outbox)
            }
            outbox = after
            return outcome
        } catch {
            // What the database refuses for one row has been found by now.
            throw ConnectorError(
                action: error.action == .reject ? .retry : error.action, reason: error.reason, cause: error.cause)
        }
    }
}

extension PostgresRelabelWriter {
    /// The rows of one transaction.
    fileprivate struct Transaction: Sendable {
        let rows: [RelabelledRow]
        let pipeline: String
        let keepsHistory: Bool

        func run(on connection: BoundedConnection, _ outbox: inout OutboxWriter?) throws -> RelabelOutcome {
            do {
                return try connection.transaction {
                    let replaced = try replace(rows[...], on: connection)
                    return try finish(replaced, refused: [:], on: connection, &outbox)
                }
            } catch let error as PostgresError where FailureTable.action(for: error) == .reject {
                return try connection.transaction { try runByHalves(on: connection, &outbox) }
            }
        }

        private func runByHalves(
            on connection: BoundedConnection, _ outbox: inout OutboxWriter?
        ) throws -> RelabelOutcome {
            // A deferred constraint would fail at COMMIT, where nothing says which row is at fault.
            try connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            var replaced: [RelabelledRow] = []
            let tried = try Bisection.run(
                rows, attempt: { slice in replaced += try connection.savepoint { try replace(slice, on: connection) } })
            var refused: [String: Int] = [:]
            for (_, error) in tried.refused { refused[FailureReason.refusal(error), default: 0] += 1 }
            return try finish(replaced, refused: refused, on: connection, &outbox)
        }

        private func replace(
            _ rows: ArraySlice<RelabelledRow>, on connection: BoundedConnection
        ) throws -> [RelabelledRow] {
            try LabelStatements(connection, pipeline: pipeline).replace(rows, keepsHistory: keepsHistory)
        }

        /// Within the transaction, after its rows.
        private func finish(
            _ replaced: [RelabelledRow], refused: [String: Int], on connection: BoundedConnection,
            _ outbox: inout OutboxWriter?
        ) throws -> RelabelOutcome {
            try outbox?.add(Self.messages(of: replaced), [], on: connection)
            CrashPoint.inTransaction.pass()
            var outcome = RelabelOutcome()
            outcome.relabelled = replaced
            outcome.failed = refused
            outcome.overtaken = rows.count - replaced.count - refused.values.reduce(0, +)
            return outcome
        }

        /// Each record once, in the order of its rows.
        private static func messages(of rows: [RelabelledRow]) -> [LabelledMessage] {
            var labels: [[TaskLabel]] = []
            var messages: [SourceMessage] = []
            var places: [StoreBatch.Key: Int] = [:]
            for row in rows {
                let message = SourceMessage(origin: row.origin, payload: nil, producedAt: row.producedAt)
                let key = StoreBatch.Key(message)
                if let place = places[key] {
                    labels[place].append(row.label)
                } else {
                    places[key] = messages.count
                    messages.append(message)
                    labels.append([row.label])
                }
            }
            return zip(messages, labels).map { LabelledMessage(message: $0, text: nil, labels: $1) }
        }
    }
}
