import Connectors
import Reports
import Retraining

/// `lorikeet retrainings`: the journal in a database. Every method opens a connection and closes it.
public struct RetrainingsOperation: Sendable {
    private let source: DatabaseSource

    /// The journal of a database.
    public init(_ source: DatabaseSource) { self.source = source }

    /// Retrainings, the newest first; of one task, or of all.
    public func retrainings(task: String?, limit: Int) async throws -> [RetrainingRecord] {
        try await withJournal { try await $0.retrainings(task: task, limit: limit) }
    }

    /// The retraining with this number.
    ///
    /// - Parameter report: a file for the report as a page; nil: none.
    public func retraining(_ id: Int64, report: String?) async throws -> RetrainingRecord {
        if let report { try ReportFile.check(report) }
        let record = try await withJournal { try await $0.retraining(id) }
        guard let record else { throw CommandFailure(.failed, "the journal has no retraining \(id)") }
        if let report {
            try ReportFile.write(VerdictPage(record: record, version: LorikeetVersion.current).page, to: report)
        }
        return record
    }

    private func withJournal<Result: Sendable>(
        _ body: (PostgresLabelledRowSource) async throws -> Result
    ) async throws -> Result {
        let dsn = try source.connectionString().value
        return try await PostgresLabelledRowSource(
            PostgresSettings(dsn: dsn, applicationName: "lorikeet retrainings")
        ).closing(body)
    }
}
