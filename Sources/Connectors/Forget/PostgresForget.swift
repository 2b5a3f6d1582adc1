import AdapterRegistry
import FoundationEssentials
import PostgresClient
import Serving

/// Removes one person's texts from every table, across pipelines.
///
/// Everything that was committed before the last look is removed. A record that a daemon has read and not stored by
/// then is stored afterwards: another run finds it. Nothing here reaches Kafka, backups or adapters.
public struct PostgresForget: Closable {
    private let session: PostgresSession

    /// Records per transaction.
    static let batch = 500
    /// How often a transaction is tried that waits for the sink and the sink for it.
    private static let attempts = 10
    /// For statements that read whole tables.
    static let patience = Duration.seconds(6 * 3600)

    /// Connects when first used.
    public init(_ settings: PostgresSettings) { session = PostgresSession(settings, name: "forget") }

    /// Closes the connection; the next call opens another.
    public func close() async { await session.close() }

    // MARK: - Finding

    /// The records of a subject that have a row in `messages`, `labels`, `labels_history` or `rejected`, at most
    /// `limit` of them.
    public func records(of subject: ForgottenSubject, limit: Int) async throws -> [ForgottenRecord] {
        try await session.runCancellable("looking for records to forget") { connection in
            try connection.readOnlyTransaction {
                try ForgottenStatements(connection: connection).records(of: subject, limit: limit)
            }
        }
    }

    /// Calls the body with the stored texts of records, some hundreds at a time.
    ///
    /// - Returns: how many records have none any more.
    public func forEachText(of records: [ForgottenRecord], _ body: ([String]) -> Void) async throws -> Int {
        var missing = 0
        for slice in Self.batches(records) {
            try Task.checkCancellation()
            let texts = try await session.run("reading texts to forget") { connection in
                try ForgottenStatements(connection: connection).texts(of: slice)
            }
            missing += texts.count { $0 == nil }
            body(texts.compactMap(\.self))
        }
        return missing
    }

    /// The texts of annotations that are the subject's though no record of theirs is stored any more.
    public func annotatedTexts(of subject: ForgottenSubject) async throws -> [String] {
        try await session.runCancellable("reading annotations to forget") { connection in
            try ForgottenStatements(connection: connection).annotatedTexts(of: subject)
        }
    }

    // MARK: - Forgetting

    /// Deletes the rows of records, and what annotations have of them, in a transaction per some hundreds.
    ///
    /// - Parameters:
    ///   - subject: whose records they are. Annotations that have its text or key are left to
    ///     ``forgetAnnotations(of:isDryRun:)``.
    ///   - isDryRun: only counts the rows.
    ///   - progress: called with the number of records that are done.
    /// - Returns: the rows by table.
    public func forget(
        _ records: [ForgottenRecord], of subject: ForgottenSubject, isDryRun: Bool, progress: (Int) -> Void = { _ in }
    ) async throws -> [ForgottenTable: Int] {
        var rows: [ForgottenTable: Int] = [:]
        for slice in Self.batches(records) {
            try Task.checkCancellation()
            rows.merge(try await forget(slice, subject, isDryRun: isDryRun), uniquingKeysWith: +)
            progress(slice.count)
        }
        return rows
    }

    /// The sink locks rows in an order of its own: of two that wait for each other, the server ends one.
    private func forget(
        _ slice: ArraySlice<ForgottenRecord>, _ subject: ForgottenSubject, isDryRun: Bool
    ) async throws -> [ForgottenTable: Int] {
        for _ in 1..<Self.attempts {
            do {
                return try await forgetOnce(slice, subject, isDryRun: isDryRun)
            } catch let error as ConnectorError where error.cause == "40P01" {}
        }
        return try await forgetOnce(slice, subject, isDryRun: isDryRun)
    }

    /// One transaction.
    private func forgetOnce(
        _ slice: ArraySlice<ForgottenRecord>, _ subject: ForgottenSubject, isDryRun: Bool
    ) async throws -> [ForgottenTable: Int] {
        try await session.run("forgetting records") { connection in
            try connection.transaction {
                let statements = ForgottenStatements(connection: connection)
                try connection.execute(RetentionTable.findsByKey)
                let texts = try statements.texts(of: slice)
                var rows = try statements.forget(slice, isDryRun: isDryRun)
                rows[.annotations] = try statements.forgetAnnotations(
                    of: slice, texts: texts, but: subject, isDryRun: isDryRun)
                return rows
            }
        }
    }

    /// Deletes the annotations that have one of the subject's texts, wherever they came from, or whose record had its
    /// key, even if that record is not stored any more.
    ///
    /// - Parameter isDryRun: only counts them.
    public func forgetAnnotations(of subject: ForgottenSubject, isDryRun: Bool) async throws -> Int {
        try await session.runCancellable("forgetting annotations") { connection in
            try connection.transaction {
                try ForgottenStatements(connection: connection).forgetAnnotations(of: subject, isDryRun: isDryRun)
            }
        }
    }

    // MARK: - Adapters

    /// Every version of every task with the rows that it was trained on; nil where they are unknown or damaged.
    public func trainingRows(
        _ body: (_ task: String, _ version: Int, _ state: String, _ rows: TrainingRowSet?) -> Void
    ) async throws {
        let versions = try await session.run("reading adapters") { connection in
            try connection.execute(
                "SELECT task, version, state FROM lorikeet.adapters ORDER BY task, version"
            ).rows.map { (try $0.text("task"), Int(try $0.integer("version")), try $0.text("state")) }
        }
        for (task, version, state) in versions {
            let rows = try await session.run("reading training rows") { connection in
                let row = try connection.execute(
                    """
                    SELECT training_rows, training_range::text AS range FROM lorikeet.adapters
                    WHERE task = $1 AND version = $2::integer
                    """, [.text(task), .integer(Int64(version))]
                ).first
                guard let bytes = try row?.optionalBytes("training_rows"),
                    let range = try row?.optionalText("range").flatMap({ TrainingRowRange(json: Array($0.utf8)) })
                else { return nil as TrainingRowSet? }
                return TrainingRowSet(bytes: bytes, range: range)
            }
            body(task, version, state, rows)
        }
    }

    /// Versions that were also distilled from a champion, on texts that are recorded nowhere.
    public func distilledVersions() async throws(ConnectorError) -> [(task: String, version: Int, state: String)] {
        try await session.run("reading retrainings") { connection in
            try connection.execute(
                """
                SELECT a.task, a.version, a.state FROM lorikeet.adapters AS a
                WHERE EXISTS (
                    SELECT FROM lorikeet.retrainings AS r
                    WHERE r.task = a.task AND r.challenger_version = a.version
                        AND r.report ->> 'distillation' IS NOT NULL)
                ORDER BY a.task, a.version
                """
            ).rows.map { (try $0.text("task"), Int(try $0.integer("version")), try $0.text("state")) }
        }
    }

    /// Tasks that are retrained now: their next version may have been given rows that are forgotten by now.
    public func runningRetrainings() async throws(ConnectorError) -> [String] {
        try await session.run("reading leases") { connection in
            try connection.execute(
                """
                SELECT substr(name, length($1) + 1) AS task FROM lorikeet.leases
                WHERE starts_with(name, $1) AND expires_at > clock_timestamp() ORDER BY name
                """, [.text(TaskLease.name(of: ""))]
            ).rows.map { try $0.text("task") }
        }
    }

    private static func batches(_ records: [ForgottenRecord]) -> [ArraySlice<ForgottenRecord>] {
        stride(from: 0, to: records.count, by: batch).map { records[$0..<min($0 + batch, records.count)] }
    }
}
