import AdapterRegistry
import Connectors
import Kernels
import Logging
import Pipelines
import Serving

/// `lorikeet rejected retry`: sends rejected records through the serving path again.
///
/// The command runs the path itself, with the pipeline file's tasks and routes and the registry's live adapters.
/// Daemons may run at the same time: each record's outcome replaces its row in one transaction. The command can be
/// killed at any time and called again.
public enum RejectedRetryOperation {
    /// Retries the rejected records that match a filter.
    ///
    /// - Parameters:
    ///   - filter: of this pipeline's rows; its own `pipeline` is ignored.
    ///   - progress: how many records are settled, of how many.
    /// - Throws: status 78 for the file, the base, the adapters and the schema; 1 if the database failed.
    public static func run(
        file: String, filter: RejectedFilter, limit: Int, workers: Int, environment: PipelineEnvironment = .process,
        logger: Logger,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws(CommandFailure) -> RejectedRetryReport {
        BLAS.configure()
        // What the daemon computes in: `lorikeet relabel` would take rows in another type for old ones.
        let serving = await ServingPrecision.resolve(files: [file], environment: environment)
        let run: Run
        do throws(ConfigurationError) {
            let configuration = try DaemonConfiguration.read(files: [file], environment: environment)
            guard let pipeline = configuration.pipelines.first else { throw ConfigurationError([]) }
            let loaded = try LoadedBase(configuration, serving: serving)
            run = Run(pipeline: pipeline, loaded: loaded, workers: workers, logger: logger)
        } catch {
            throw CommandFailure(error)
        }
        do {
            var report = try await run.report(filter, limit: limit, progress: progress)
            report.note(await WaitingRecords.count(of: run.pipeline))
            return report
        } catch {
            throw CommandFailure(error)
        }
    }

    /// The parts of one call.
    private struct Run {
        let pipeline: PipelineConfiguration
        let loaded: LoadedBase
        let workers: Int
        let logger: Logger

        func report(
            _ filter: RejectedFilter, limit: Int, progress: @escaping @Sendable (Int, Int) -> Void
        ) async throws -> RejectedRetryReport {
            let settings = PostgresSettings(dsn: pipeline.sink.postgres.value, applicationName: "lorikeet rejected")
            try await DatabaseSchema.verify(settings)
            return try await PostgresRejectedRows(settings).closing { store in
                try await report(filter, limit: limit, store: store, settings: settings, progress: progress)
            }
        }

        private func report(
            _ filter: RejectedFilter, limit: Int, store: PostgresRejectedRows, settings: PostgresSettings,
            progress: @escaping @Sendable (Int, Int) -> Void
        ) async throws -> RejectedRetryReport {
            var filter = filter
            filter.pipeline = pipeline.name
            let found = try await store.rows(filter, limit: limit)
            var report = RejectedRetryReport(rows: found.count)
            // These have their labels. What failed is only the publication. In the outbox of a pipeline that publishes
            // no labels they would wait for ever, and unseen.
            let publishes = pipeline.outboxSettings?.publishesLabels == true
            for row in found where row.stage == .publish {
                if !publishes {
                    report.rejected[RejectionStage.publish.rawValue, default: 0] += 1
                } else if try await store.publishAgain(row) {
                    report.republished += 1
                }
            }
            let rows = found.filter { $0.stage != .publish }
            guard !rows.isEmpty else { return report }
            let adapters = try await FollowedAdapters(
                of: pipeline.tasks, in: pipeline, base: loaded.base, settings: settings)
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await send(rows, store: store, adapters: adapters, report: &report, progress: progress))
            } catch {
                result = .failure(error)
            }
            await adapters.close()
            try result.get()
            return report
        }

        private func send(
            _ rows: [RejectedRow], store: PostgresRejectedRows, adapters: FollowedAdapters,
            report: inout RejectedRetryReport, progress: @escaping @Sendable (Int, Int) -> Void
        ) async throws {
            var done = 0
            // What `lorikeet label` read is not written as records of topics are.
            let (ofBatches, ofTopics) = (
                rows.filter { BatchName.isTopic($0.origin.topic) }, rows.filter { !BatchName.isTopic($0.origin.topic) }
            )
            for round in Self.rounds(ofTopics) + Self.rounds(ofBatches) {
                let before = done
                try await send(round, store: store, adapters: adapters) { progress(before + $0, rows.count) }
                for row in round { try await count(row, in: &report, store: store) }
                done += round.count
                progress(done, rows.count)
            }
        }

        /// A topic that was created again may have two records at one offset; a pipeline knows each offset once.
        private static func rounds(_ rows: [RejectedRow]) -> [[RejectedRow]] {
            var rounds: [[RejectedRow]] = []
            var seen: [Origin: Int] = [:]
            for row in rows {
                let round = seen[row.origin, default: 0]
                seen[row.origin] = round + 1
                if round == rounds.count { rounds.append([]) }
                rounds[round].append(row)
            }
            return rounds
        }

        /// Runs a serving path over the rows until each of them is settled. They are records of topics, or all of them
        /// rows that `lorikeet label` read.
        private func send(
            _ rows: [RejectedRow], store: PostgresRejectedRows, adapters: FollowedAdapters,
            progress: @escaping @Sendable (Int) -> Void
        ) async throws {
            let areOfBatch = rows.contains { BatchName.isTopic($0.origin.topic) }
            let serving = BoundedServing(
                pipeline: areOfBatch ? pipeline.overRows : pipeline, loaded: loaded, adapters: adapters,
                workers: workers,
                logger: logger, publishes: false)
            let status = try await serving.run(RejectedTextSource(rows, store: store)) { status in
                progress(status.labelled + status.rejected + status.dropped)
            }
            // Records that were given back unread look like dropped ones.
            if let reason = status.waitingFor { throw ConnectorError(action: .retry, reason: reason) }
            try Task.checkCancellation()
        }

        private func count(_ row: RejectedRow, in report: inout RejectedRetryReport, store: PostgresRejectedRows)
            async throws
        {
            guard let now = try await store.current(row) else {
                report.labelled += 1
                return
            }
            if now.rejectedAt == row.rejectedAt, pipeline.unrouted == .drop || pipeline.source.nullPayload == .drop {
                // A dropped message reaches no sink.
                if try await store.discardUnchanged(row) { report.dropped += 1 }
            } else {
                report.rejected[now.stage.rawValue, default: 0] += 1
            }
        }
    }
}

/// What became of the rejected records.
public struct RejectedRetryReport: Sendable, Codable, Equatable, PublishingReport {
    /// Rows that matched the filter.
    public var rows = 0
    /// Labelled now; no longer rejected.
    public var labelled = 0
    /// Labelled before, and in the outbox again.
    public var republished = 0
    /// Rejected again, by stage.
    public var rejected: [String: Int] = [:]
    /// Matched by no route or without a payload, in a pipeline that drops such records; no longer rejected.
    public var dropped = 0
    /// Records that wait in the outbox; nil if the pipeline publishes nothing.
    public var outbox: Int?
    /// Host and process that publish them; nil: nobody does.
    public var publisher: String?
}
