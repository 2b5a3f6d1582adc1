import AdapterRegistry
import Connectors
import LogKeys
import Logging
import Serving
import Training

/// `lorikeet forget`: removes one person's texts from every table, and says which adapters were trained on them.
public enum ForgetOperation {
    /// Records that are looked for at once.
    static let lookLimit = 100_000

    /// Removes everything of a subject, and looks again until nothing is left.
    ///
    /// - Parameters:
    ///   - isDryRun: only counts the rows and names the adapters.
    ///   - logger: for one line per run that says what was removed, without any text.
    ///   - progress: how many records are done, of how many found so far.
    /// - Throws: status 78 for the schema; 1 if rows come back as soon as they are deleted.
    public static func run(
        _ source: DatabaseSource, _ subject: ForgottenSubject, isDryRun: Bool, logger: Logger,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> ForgetReport {
        let settings = PostgresSettings(
            dsn: try source.connectionString().value, applicationName: "lorikeet forget")
        try await DatabaseSchema.verify(settings)
        return try await PostgresForget(settings).closing { forget in
            var run = Run(forget: forget, subject: subject, isDryRun: isDryRun, logger: logger)
            try await run.forgetAll(progress)
            return run.report
        }
    }

    /// The state of one call.
    private struct Run {
        let forget: PostgresForget
        let subject: ForgottenSubject
        let isDryRun: Bool
        let logger: Logger
        var report: ForgetReport

        init(forget: PostgresForget, subject: ForgottenSubject, isDryRun: Bool, logger: Logger) {
            (self.forget, self.subject, self.isDryRun, self.logger) = (forget, subject, isDryRun, logger)
            report = ForgetReport(isDryRun: isDryRun)
        }

        /// A record that is stored while its predecessors are removed is found by the next look.
        mutating func forgetAll(_ progress: @escaping @Sendable (Int, Int) -> Void) async throws {
            var hashes = Set<UInt64>()
            if case .texts(let texts) = subject { hashes = Set(texts.map { NormalizedText($0).hash64 }) }
            hashes.formUnion(try await forget.annotatedTexts(of: subject).map { NormalizedText($0).hash64 })
            report.runningRetrainings = try await forget.runningRetrainings()
            var isFirst = true
            while true {
                // A dry run looks once, so it must see them all.
                let records = try await forget.records(of: subject, limit: isDryRun ? .max : lookLimit)
                report.recordsWithoutText += try await forget.forEachText(of: records) { texts in
                    hashes.formUnion(texts.map { NormalizedText($0).hash64 })
                }
                // Before anything is removed: what is removed cannot be looked for any more.
                if isFirst || !records.isEmpty { try await findAdapters(hashes) }
                isFirst = false
                if records.isEmpty { break }
                let total = report.records + records.count
                var done = report.records
                let rows = try await forget.forget(records, of: subject, isDryRun: isDryRun) {
                    done += $0
                    progress(done, total)
                }
                report.records = total
                report.add(rows)
                if isDryRun { break }
                guard rows.values.contains(where: { $0 > 0 }) else {
                    throw CommandFailure(.failed, "rows cannot be deleted: does a trigger or a policy keep them?")
                }
            }
            report.add([.annotations: try await forget.forgetAnnotations(of: subject, isDryRun: isDryRun)])
            report.texts = hashes.count
            logResult()
        }

        private mutating func findAdapters(_ hashes: Set<UInt64>) async throws {
            var (trained, unknown): ([ForgetReport.Adapter], [ForgetReport.Adapter]) = ([], [])
            try await forget.trainingRows { task, version, state, rows in
                var adapter = ForgetReport.Adapter(task: task, version: version, state: state)
                guard let rows else { return unknown.append(adapter) }
                adapter.texts = hashes.count { rows.contains(hash: $0) }
                if adapter.texts > 0 { trained.append(adapter) }
            }
            (report.adapters, report.unknownAdapters) = (trained, unknown)
            report.distilledAdapters = try await forget.distilledVersions().map {
                ForgetReport.Adapter(task: $0.task, version: $0.version, state: $0.state)
            }
        }

        /// What an audit asks for. It names no key and no text.
        private func logResult() {
            let rows = ForgottenTable.allCases.map { "\($0.rawValue) \(report.rows[$0] ?? 0)" }
            let adapters = report.adapters.map { "\($0.task) \($0.version)" }
            logger.notice(
                isDryRun ? "texts would be forgotten" : "texts forgotten",
                metadata: [
                    LogKey.by: "\(Operator.name)", LogKey.records: "\(report.records)",
                    LogKey.deleted: "\(rows.joined(separator: ", "))",
                    LogKey.adapters: "\(adapters.joined(separator: ", "))",
                ])
        }
    }
}
