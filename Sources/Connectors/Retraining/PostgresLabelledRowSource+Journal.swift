import FoundationEssentials
import PostgresClient
import Retraining
import Serving

extension PostgresLabelledRowSource: RetrainingJournal {
    // MARK: - Reading

    /// What the schedules of tasks depend on, by task. With annotations it takes two statements, however many tasks
    /// there are; a query of the user's is run per task.
    ///
    /// New rows are those that the next retraining of a task has to consider: those added since its last one started.
    /// All of them if there was none. While a challenger is held, those since it was judged last. Otherwise those since
    /// the last training, because a challenger that was only judged again was not trained on newer rows. A failed or
    /// skipped retraining does not count, because it used no rows.
    ///
    /// A retraining that another pipeline file's daemon skipped does not delay this one's: where the other file is the
    /// older one, it skips them all.
    ///
    /// The database tells how long ago something was, so that the clocks need not agree. What it dates in the future
    /// was recorded before its clock was set back, and does not count: it would keep the task from being retrained
    /// until then.
    ///
    /// - Parameters:
    ///   - now: the caller's time, in which the facts are given.
    ///   - dtype: the precision of the caller's base, as a verdict's report names it.
    ///   - pipelineFile: the caller's, as a verdict's report names it; nil: it has none.
    public func scheduleFacts(
        tasks: [String], now: Date, dtype: String, pipelineFile: String? = nil
    ) async throws -> [String: RetrainingSchedule.Facts] {
        try await session.runCancellable("counting labelled rows") { connection in
            let newRows = try LabelledRowReader(selection: selection, connection: connection).newRows(tasks: tasks)
            let rows = try connection.execute(
                Self.scheduleFacts, [.texts(tasks), .text(dtype), .text(pipelineFile ?? "")]
            ).rows
            return Dictionary(
                uniqueKeysWithValues: try rows.map { row in
                    let task = try row.text("name")
                    var facts = RetrainingSchedule.Facts(lastRun: nil, newRows: newRows[task] ?? 0)
                    facts.lastRun = try row.optionalDouble("since_run").map { now.addingTimeInterval(-$0) }
                    facts.heldBy = try row.optionalInteger("held_by").map(Int.init)
                    facts.hasWinner = try row.boolean("has_winner")
                    facts.failures = Int(try row.integer("failures"))
                    facts.liveSince = try row.optionalDouble("since_promotion").map { now.addingTimeInterval(-$0) }
                    facts.shadowUntil = try row.optionalDouble("shadow_rest").map { now.addingTimeInterval($0) }
                    return (task, facts)
                })
        }
    }

    private static let scheduleFacts = """
        SELECT t.name, (
                SELECT extract(epoch FROM clock_timestamp() - max(started_at))::double precision
                FROM lorikeet.retrainings
                WHERE task = t.name AND trigger <> 'shadow' AND started_at <= clock_timestamp()
                    AND NOT (coalesce(verdict, '') = 'skipped' AND coalesce(report->>'pipeline_file', $3) <> $3)
            ) AS since_run,
            (SELECT count(*) FROM lorikeet.retrainings
             WHERE task = t.name AND trigger <> 'shadow' AND verdict = 'failed' AND id > coalesce(
                (SELECT max(id) FROM lorikeet.retrainings
                 WHERE task = t.name AND verdict IN ('promoted', 'shadow', 'held', 'rejected', 'skipped')),
                0)) AS failures,
            (SELECT extract(epoch FROM clock_timestamp() - promoted_at)::double precision FROM lorikeet.adapters
             WHERE task = t.name AND state = 'live' AND promoted_at <= clock_timestamp()) AS since_promotion,
            (SELECT (shadow->>'seconds')::double precision
                - extract(epoch FROM clock_timestamp() - shadow_since)::double precision
             FROM lorikeet.adapters WHERE task = t.name AND state = 'shadow') AS shadow_rest,
            (\(heldBy)) AS held_by, EXISTS (\(winner)) AS has_winner
        FROM unnest($1::text[]) AS t(name)
        """

    /// The held-out rows of the last judgement. One that won and waited for its time, or that the rows could not judge,
    /// needs none.
    private static let heldBy = """
        SELECT CASE WHEN held.report->'findings'->>'could_judge' = 'false' OR held.report ? 'waits_until' THEN 0
            ELSE (held.report->'rows'->>'held_out')::bigint END
        \(heldLast)
        """

    /// The last judgement, if its challenger won and nothing holds it any more: its time has come, on any clock, or no
    /// review was made yet of what the base's precision ($2) costs it, while another one costs it too much. The live
    /// version must still be the one that it beat, and another pipeline file than this one ($3) must not have judged
    /// since: ``RetrainingRun`` would leave the challenger to that file's daemon.
    private static let winner = """
        SELECT
        \(heldLast)
            AND ((held.report->>'waits_until')::double precision + \(RetrainingSchedule.clockSkew)
                    <= extract(epoch FROM clock_timestamp())
                OR (NOT held.report ? 'waits_until' AND held.report->'precision'->>'accepted' IS NULL
                    AND held.report->'precision'->>'dtype' IS NOT NULL AND NOT EXISTS (
                        SELECT FROM lorikeet.retrainings AS seen
                        WHERE seen.task = held.task AND seen.challenger_version = held.challenger_version
                            AND seen.report->'precision'->>'dtype' = $2)))
            AND \(isAgainstLive)
            AND (coalesce(held.report->>'pipeline_file', $3) = $3 OR NOT EXISTS (
                SELECT FROM lorikeet.retrainings AS own
                WHERE own.task = held.task AND own.report->>'pipeline_file' = $3
                    AND own.verdict IN ('promoted', 'shadow', 'held', 'rejected')))
        """

    /// Whether the live version is still the one that the held challenger was judged against.
    private static let isAgainstLive = """
        held.champion IS NOT DISTINCT FROM (
            SELECT digest FROM lorikeet.adapters AS live WHERE live.task = held.task AND live.state = 'live')
        """

    /// Retrainings whose challenger is still a candidate.
    private static let candidates = """
        FROM lorikeet.retrainings AS held
        JOIN lorikeet.adapters AS challenger ON challenger.task = held.task
            AND challenger.version = held.challenger_version AND challenger.state = 'candidate'
        """

    /// The last judgement, if it held a challenger that is still a candidate and waits for no person.
    private static let heldLast = """
        \(candidates)
        WHERE held.verdict = 'held' AND coalesce(held.report->'findings'->>'awaits_approval', '') <> 'true'
            AND held.id = (
                SELECT max(last.id) FROM lorikeet.retrainings AS last
                WHERE last.task = t.name AND last.verdict IN ('promoted', 'shadow', 'held', 'rejected')
                    AND last.trigger <> 'shadow' AND last.started_at <= clock_timestamp())
        """

    /// The latest retraining of a task.
    public func lastRetraining(task: String) async throws -> RetrainingRecord? {
        try await records("r.task = $1", [.text(task)], limit: 1).first
    }

    /// The latest retraining of a task, and what it waits for.
    public struct LastRetraining: Sendable, Equatable {
        /// Without its report.
        public var record: RetrainingRecord
        /// Since when a challenger, of this retraining or an earlier one, has waited for a person; nil: none waits.
        public var approvalAwaitedSince: Date?
    }

    /// The latest retraining of each of these tasks that has one. One statement, however many tasks there are.
    public func lastRetrainings(tasks: [String]) async throws(ConnectorError) -> [String: LastRetraining] {
        try await session.run("reading retrainings") { connection in
            let result = try connection.execute(
                """
                SELECT \(RetrainingRecord.columns(report: "NULL::text")), (\(Self.approvalAwaited)) AS awaited
                FROM lorikeet.retrainings AS r
                WHERE id IN (SELECT max(id) FROM lorikeet.retrainings WHERE task = ANY ($1::text[]) GROUP BY task)
                """, [.texts(tasks)])
            return Dictionary(
                uniqueKeysWithValues: try result.rows.map { row in
                    let record = try RetrainingRecord(row)
                    let awaited = try row.optionalDouble("awaited").map(Date.init(timeIntervalSince1970:))
                    return (record.task, LastRetraining(record: record, approvalAwaitedSince: awaited))
                })
        }
    }

    /// When the newest challenger that waits for a person was held. One that was held against another live version, or
    /// that is no candidate any more, waits no longer.
    private static let approvalAwaited = """
        SELECT extract(epoch FROM max(held.finished_at))::double precision
        \(candidates)
        WHERE held.task = r.task AND held.verdict = 'held'
            AND held.report->'findings'->>'awaits_approval' = 'true'
            AND \(isAgainstLive)
        """

    /// The latest one that promoted, held or rejected a challenger, or put it in shadow.
    public func lastJudgement(task: String) async throws -> RetrainingRecord? {
        let condition = "r.task = $1 AND r.verdict IN ('promoted', 'shadow', 'held', 'rejected')"
        return try await records(condition, [.text(task)], limit: 1).first
    }

    /// The latest one that held a challenger which is still a candidate.
    public func lastHeld(task: String) async throws -> RetrainingRecord? {
        try await records(
            """
            r.task = $1 AND r.verdict = 'held' AND EXISTS (
                SELECT FROM lorikeet.adapters AS a
                WHERE a.task = r.task AND a.version = r.challenger_version AND a.state = 'candidate')
            """,
            [.text(task)], limit: 1
        ).first
    }

    /// The latest one with this training digest whose challenger was held or rejected, be it later by a rollback, or is
    /// in shadow. None of the future, from before the clock was set back: its challenger is discarded.
    public func unsuccessful(task: String, trainingDigest: String) async throws -> RetrainingRecord? {
        try await records(
            """
            r.task = $1 AND r.training_digest = $2 AND r.started_at <= clock_timestamp()
            AND (r.verdict IN ('held', 'rejected') OR EXISTS (
                SELECT FROM lorikeet.adapters AS a
                WHERE a.task = r.task AND a.version = r.challenger_version AND a.state IN ('rejected', 'shadow')))
            """,
            [.text(task), .text(trainingDigest)], limit: 1
        ).first
    }

    /// Whether a retraining of the task with this pipeline file promoted, held or rejected a challenger, or put it in
    /// shadow.
    public func hasJudged(task: String, pipelineFile: String) async throws -> Bool {
        let condition =
            "r.task = $1 AND r.report->>'pipeline_file' = $2 "
            + "AND r.verdict IN ('promoted', 'shadow', 'held', 'rejected')"
        return try await records(condition, [.text(task), .text(pipelineFile)], limit: 1).first != nil
    }

    /// Retrainings, the newest first; of one task, or of all.
    public func retrainings(task: String? = nil, limit: Int = 100) async throws(ConnectorError) -> [RetrainingRecord] {
        try await records(
            "$1::text IS NULL OR r.task = $1", [task.map(PostgresValue.text) ?? .null], limit: max(0, limit))
    }

    /// The retraining with this number; nil if there is none.
    public func retraining(_ id: Int64) async throws(ConnectorError) -> RetrainingRecord? {
        try await records("r.id = $1::bigint", [.integer(id)], limit: 1).first
    }

    /// The newest first by number: a clock that is set back does not change it.
    private func records(
        _ condition: String, _ parameters: [PostgresValue], limit: Int
    ) async throws(ConnectorError) -> [RetrainingRecord] {
        try await session.run("reading retrainings") { connection in
            let result = try connection.execute(
                """
                SELECT \(RetrainingRecord.columns(report: "report::text")) FROM lorikeet.retrainings AS r
                WHERE \(condition)
                ORDER BY r.id DESC LIMIT $\(parameters.count + 1)::bigint
                """, parameters + [.integer(Int64(limit))])
            return try result.rows.map(RetrainingRecord.init)
        }
    }

    // MARK: - Writing

    /// Records the start of a retraining.
    ///
    /// - Returns: its id.
    public func begin(task: String, trigger: RetrainingTrigger, champion: String?) async throws -> Int64 {
        try await session.run("recording a retraining") { connection in
            let result = try connection.transaction {
                // Only one process retrains a task: a retraining without an end was interrupted.
                try Self.endOpen(task: task, reason: "the process ended without a verdict", on: connection)
                return try connection.execute(
                    "INSERT INTO lorikeet.retrainings (task, trigger, champion) VALUES ($1, $2, $3) RETURNING id",
                    [.text(task), .text(trigger.rawValue), champion.map(PostgresValue.text) ?? .null])
            }
            guard let row = result.first else {
                throw ConnectorError(action: .stop, reason: "a retraining was not recorded")
            }
            return try row.integer("id")
        }
    }

    /// Records how a retraining ended.
    public func finish(_ id: Int64, _ ending: RetrainingEnding) async throws {
        let parameters: [PostgresValue] = [
            .integer(id), .text(ending.verdict.rawValue), .text(StorableText.text(ending.reason)),
            .integer(Int64(ending.rowsUsed)), ending.challenger.map(PostgresValue.text) ?? .null,
            ending.challengerVersion.map { .integer(Int64($0)) } ?? .null, .integer(Int64(ending.looks)),
            ending.trainingDigest.map(PostgresValue.text) ?? .null,
            ending.report.map { .json($0.json) } ?? .null,
        ]
        try await session.run("recording a retraining") { connection in
            let result = try connection.transaction {
                try connection.execute(
                    """
                    UPDATE lorikeet.retrainings
                    SET finished_at = clock_timestamp(), verdict = $2, reason = $3, rows_used = $4::bigint,
                        challenger = $5, challenger_version = $6::integer, looks = $7::integer, training_digest = $8,
                        report = $9::jsonb
                    WHERE id = $1
                    """, parameters)
            }
            if result.affectedRows != 1 { throw ConnectorError(action: .stop, reason: "there is no retraining \(id)") }
        }
    }

    /// Records that the retraining of a process ended without a verdict, and releases its lease.
    ///
    /// - Parameters:
    ///   - process: of this machine, and ended. If it does not hold the lease, nothing is changed.
    ///   - reason: why it ended, for a person.
    public func clear(task: String, ofEndedProcess process: Int32, reason: String) async throws(ConnectorError) {
        let parameters: [PostgresValue] = [.text(TaskLease.name(of: task)), .text(TaskLease.holder(process: process))]
        try await session.run("releasing a lease") { connection in
            try connection.transaction {
                let released = try connection.execute(
                    "DELETE FROM lorikeet.leases WHERE name = $1 AND holder = $2", parameters)
                guard released.affectedRows > 0 else { return }
                try Self.endOpen(task: task, reason: reason, on: connection)
            }
        }
    }

    private static func endOpen(task: String, reason: String, on connection: BoundedConnection) throws {
        try connection.execute(
            """
            UPDATE lorikeet.retrainings SET finished_at = clock_timestamp(), verdict = 'failed', reason = $2
            WHERE task = $1 AND finished_at IS NULL
            """, [.text(task), .text(StorableText.text(reason))])
    }
}
