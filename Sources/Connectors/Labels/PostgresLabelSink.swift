import LogKeys
import Logging
import PostgresClient
import Serving
import Threading

/// Stores outcomes in `lorikeet.labels` and `lorikeet.rejected`, the texts in `lorikeet.messages`, and what challengers
/// in shadow say of the same texts in `lorikeet.shadow_labels`: one connection on a thread of its own, one transaction
/// per batch. Where the pipeline
/// publishes its records, the same transaction puts them into `lorikeet.outbox`.
///
/// If the database refuses a row of a batch, the transaction is rolled back and the batch is written again by halves,
/// each under a savepoint, until the faulty messages stand alone. These go to `rejected`, the others are stored. All
/// that is one transaction and costs a logarithmic number of statements per faulty message. A row of a challenger in
/// shadow that is refused is dropped: it never costs a message its label.
///
/// Writing a batch again overwrites its rows with the same values. A batch whose COMMIT was not answered is simply
/// stored again.
public actor PostgresLabelSink: LabelSink {
    private let thread: DedicatedThread
    private let settings: PostgresSettings
    private let pipeline: String
    private let onlyTask: String?
    private let logger: Logger
    /// nil if the pipeline publishes nothing.
    private var outbox: OutboxWriter?
    private var connection: BoundedConnection?
    /// For tests: statements of closed connections.
    private var closedStatements = 0

    /// The sink's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects with the first batch, or with ``connect()``.
    ///
    /// - Parameters:
    ///   - settings: the database.
    ///   - pipeline: the value of the column `pipeline`.
    ///   - outbox: which records are also put into `lorikeet.outbox`; nil: none.
    ///   - onlyTask: the one task whose labels come; what other tasks have stored of the same messages stays, and so
    ///     do their rejected rows. nil: the labels of all tasks come together.
    ///   - logger: for refused batches.
    public init(
        _ settings: PostgresSettings, pipeline: String, outbox: OutboxSettings? = nil, onlyTask: String? = nil,
        logger: Logger = Logger(label: "lorikeet.sink")
    ) {
        self.settings = settings
        self.pipeline = pipeline
        self.onlyTask = onlyTask
        self.logger = logger
        self.outbox = outbox.map { OutboxWriter(pipeline: pipeline, settings: $0) }
        thread = DedicatedThread(name: "sink \(pipeline)")
    }

    /// Connects if there is no connection, and checks the schema's version and the role's privileges.
    ///
    /// - Throws: `.stop` if the schema is missing, older or newer, or the role lacks a privilege; `.retry` if the
    ///   server is unavailable.
    public func connect() throws(ConnectorError) {
        do {
            _ = try usableConnection()
        } catch {
            throw failed(error, purpose: "connecting")
        }
    }

    /// As ``LabelSink/store(_:)``.
    public func store(_ outcomes: [Outcome]) throws(ConnectorError) -> StoreReceipt {
        let batch = StoreBatch(outcomes)
        if batch.isEmpty { return StoreReceipt() }
        do {
            let connection = try usableConnection()
            try outbox?.requireRoom(on: connection)
            CrashPoint.beforeTransaction.pass()
            let refused = try write(batch, on: connection)
            CrashPoint.afterTransaction.pass()
            return batch.receipt(refused: refused)
        } catch {
            throw failed(error, purpose: "storing labels")
        }
    }

    /// Closes the connection; the next batch opens another.
    public func close() {
        guard let connection else { return }
        closedStatements += connection.statementCount
        connection.close()
        self.connection = nil
    }

    /// Statements sent since the start.
    var statementCount: Int { closedStatements + (connection?.statementCount ?? 0) }

    /// - Returns: the messages that the database refused, and why.
    private func write(_ batch: StoreBatch, on connection: BoundedConnection) throws -> [Rejection] {
        do {
            try connection.transaction {
                try statements(connection).store(batch.labelled, batch.rejections)
                try outbox?.add(batch.labelled, batch.rejections, on: connection)
                CrashPoint.inTransaction.pass()
            }
            return []
        } catch let error as PostgresError where FailureTable.action(for: error) == .reject && !batch.labelled.isEmpty {
            logger.debug(
                "batch refused, bisecting",
                metadata: [LogKey.cause: "\(error.sqlState ?? "")"])
            return try connection.transaction { try writeByHalves(batch, on: connection) }
        }
    }

    private func writeByHalves(_ batch: StoreBatch, on connection: BoundedConnection) throws -> [Rejection] {
        // A deferred constraint would fail at COMMIT, where nothing says which row is at fault.
        try connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        let statements = self.statements(connection)
        let stored = try Bisection.run(
            batch.labelled,
            attempt: { slice in
                try connection.savepoint { try statements.upsertLabels(slice) }
            })
        let refused = stored.refused.map {
            Rejection(
                message: $0.message, stage: .store, cause: $1.sqlState ?? "other", reason: FailureReason.refusal($1))
        }
        try storeShadowLabels(of: stored.accepted, statements, on: connection)
        try statements.forgetRejected(stored.accepted.map(\.message))
        let rejections = StoreBatch.sorted(batch.rejections + refused)
        try statements.storeRejections(rejections)
        try outbox?.add(stored.accepted, rejections, on: connection)
        return refused
    }

    private func statements(_ connection: BoundedConnection) -> LabelStatements {
        LabelStatements(connection, pipeline: pipeline, onlyTask: onlyTask)
    }

    private func storeShadowLabels(
        of messages: [LabelledMessage], _ statements: LabelStatements, on connection: BoundedConnection
    ) throws {
        let stored = try Bisection.run(
            messages.filter { !$0.shadows.isEmpty },
            attempt: { slice in
                try connection.savepoint { try statements.upsertShadowLabels(slice) }
            })
        guard let first = stored.refused.first else { return }
        logger.warning(
            "shadow labels refused and dropped",
            metadata: [
                LogKey.refused: "\(stored.refused.count)", LogKey.reason: "\(FailureReason.refusal(first.error))",
            ])
    }

    private func usableConnection() throws -> BoundedConnection {
        if let connection, connection.isUsable { return connection }
        close()
        let connection = try BoundedConnection(settings)
        do {
            try SchemaVersion.verify(connection)
            try requirePrivileges(connection)
        } catch {
            connection.close()
            throw error
        }
        self.connection = connection
        return connection
    }

    private func requirePrivileges(_ connection: BoundedConnection) throws {
        let missing = try DaemonRole.missingPrivileges(on: connection)
        guard !missing.isEmpty else { return }
        throw ConnectorError(
            action: .stop,
            reason: "the role lacks \(missing.joined(separator: ", ")): "
                + "run `lorikeet migrate --role ROLE` as the owner of the schema")
    }

    /// Every error of the database closes the connection: errors are rare, and its state may be unknown. An outbox that
    /// is full is asked again every few moments, and over the same connection.
    private func failed(_ error: any Error, purpose: String) -> ConnectorError {
        if (error as? ConnectorError)?.cause != OutboxWriter.fullCause { close() }
        let failure = ConnectorError(error, purpose: purpose)
        // Label rows that the database refuses have been rejected by now. A row of `rejected` that it refuses must not
        // be lost: retry.
        return ConnectorError(
            action: failure.action == .reject ? .retry : failure.action, reason: failure.reason, cause: failure.cause)
    }
}
