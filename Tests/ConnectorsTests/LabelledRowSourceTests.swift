import Foundation
import Retraining
import Serving
import TestSupport
import Testing

@testable import Connectors
@testable import Kernels

@Suite struct LabelledRowSourceTests {
    private func withRows(_ body: (SchemaDatabase, PostgresLabelledRowSource) async throws -> Void) async throws {
        try await SchemaDatabase.with({ PostgresLabelledRowSource($0) }, close: { await $0.close() }, body)
    }

    @Test func everyPromiseIsKept() async throws {
        try await withRows { database, source in
            try await LabelledRowSourceConformance(
                source: source, add: { try database.annotate($0, task: $1) },
                expire: { try database.expireLease(task: $0) }
            ).run()
        }
    }

    @Test func newestRowsComeOldestFirst() async throws {
        try await withRows { database, source in
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label, created_at)
                SELECT 'section', 'text ' || i, 'label ' || i % 2, timestamptz '2024-01-01' + i * interval '1 minute'
                FROM generate_series(1, 20) AS i
                """, "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('role', 'other', 'program')")
            let rows = try await source.rows(task: "section", limit: 3)
            #expect(rows.map(\.text) == ["text 18", "text 19", "text 20"])
            #expect(rows.map(\.label) == ["label 0", "label 1", "label 0"])
            #expect(rows.last?.createdAt == Date(timeIntervalSince1970: 1_704_067_200 + 20 * 60))
            #expect(try await source.rows(task: "nothing", limit: 3).isEmpty)
        }
    }

    @Test func rowsMayHaveSetsOfLabels() async throws {
        try await withRows { database, source in
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, labels)
                VALUES ('tags', 'chess', '{a,b}'), ('tags', 'go', '{}')
                """
            )
            try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('tags', 'tic', 'a')")
            let rows = try await source.rows(task: "tags", limit: 10)
            #expect(rows.map(\.text) == ["chess", "go", "tic"])
            #expect(rows.map(\.labels) == [["a", "b"], [], ["a"]])
            #expect(rows.map(\.isSet) == [true, true, false])
        }
    }

    @Test func retrainingsAreRecorded() async throws {
        try await withRows { _, source in
            #expect(try await source.lastRetraining(task: "section") == nil)
            let id = try await source.begin(task: "section", trigger: .rows, champion: "c0ffee")
            let begun = try #require(try await source.lastRetraining(task: "section"))
            #expect(begun.id == id)
            #expect(begun.trigger == .rows)
            #expect(begun.champion == "c0ffee")
            #expect(begun.finishedAt == nil)

            try await source.finish(
                id, verdict: .promoted, reason: "macro-F1 0.81 against 0.74", rowsUsed: 1234, challenger: "beef")

            let finished = try #require(try await source.lastRetraining(task: "section"))
            #expect(finished.verdict == .promoted)
            #expect(finished.reason == "macro-F1 0.81 against 0.74")
            #expect(finished.rowsUsed == 1234)
            #expect(finished.challenger == "beef")
            #expect(try #require(finished.finishedAt) >= finished.startedAt)
            #expect(try await source.lastRetraining(task: "role") == nil)
            #expect(try await source.retrainings().map(\.id) == [id])
        }
    }

    @Test func whileAChallengerIsHeldRowsCountFromItsLastLook() async throws {
        try await withRows { database, source in
            func add(_ count: Int) throws {
                for _ in 0..<count {
                    try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('s', 'a', 'x')")
                }
            }
            func end(_ verdict: RetrainingVerdict, looks: Int) async throws {
                let id = try await source.begin(task: "s", trigger: .rows, champion: nil)
                var ending = RetrainingEnding(verdict: verdict, reason: "")
                ending.looks = looks
                try await source.finish(id, ending)
            }
            try add(1)
            try await end(.held, looks: 1)
            try add(2)
            #expect(try await source.newRows(task: "s") == 2)
            try await end(.held, looks: 2)
            try add(3)
            #expect(try await source.newRows(task: "s") == 3)
            // Its rows were only looked at: the next challenger is trained on them.
            try await end(.rejected, looks: 3)
            #expect(try await source.newRows(task: "s") == 5)
            try await end(.skipped, looks: 0)
            #expect(try await source.newRows(task: "s") == 5)
            try await end(.rejected, looks: 1)
            #expect(try await source.newRows(task: "s") == 0)
        }
    }

    /// A retraining that is dated in the future was recorded before the clock of the database was set back. If it
    /// counted, the task would not be retrained until that time has come.
    @Test func aRetrainingOfTheFutureDoesNotCount() async throws {
        try await withRows { database, source in
            func record(_ started: String, _ verdict: RetrainingVerdict) throws {
                try database.sql(
                    """
                    INSERT INTO lorikeet.retrainings (task, trigger, started_at, finished_at, verdict, looks)
                    VALUES ('s', 'rows', now() + interval '\(started)', now() + interval '\(started)',
                        '\(verdict.rawValue)', 1)
                    """)
            }
            try record("-2 hours", .rejected)
            try record("30 days", .rejected)
            try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('s', 'a', 'x')")
            #expect(try await source.newRows(task: "s") == 1)
            try record("-1 hour", .held)
            #expect(try await source.newRows(task: "s") == 1)
            #expect(try await source.lastRetraining(task: "s")?.verdict == .held, "the order is that of the numbers")
            try record("-30 minutes", .failed)
            try database.sql(
                """
                INSERT INTO lorikeet.adapters
                    (task, version, digest, base_digest, state, manifest, weights, promoted_at, succession)
                VALUES ('s', 1, repeat('a', 64), repeat('b', 64), 'live', '{}', '', now() + interval '30 days', 1)
                """)
            // The caller's clock is another one.
            let now = Date(timeIntervalSince1970: 86400)
            let facts = try #require(try await source.scheduleFacts(tasks: ["s"], now: now, dtype: "int8")["s"])
            #expect(facts.newRows == 1 && facts.failures == 1 && facts.liveSince == nil)
            let age = now.timeIntervalSince(try #require(facts.lastRun))
            #expect(age >= 1800 && age < 1800 + 600, "\(age)")
            try database.sql("UPDATE lorikeet.adapters SET promoted_at = now() - interval '1 day'")
            let later = try await source.scheduleFacts(tasks: ["s"], now: now, dtype: "int8")["s"]
            let since = try #require(later?.liveSince)
            #expect(now.timeIntervalSince(since) >= 86400 && now.timeIntervalSince(since) < 87000)
        }
    }

    @Test func whatAnotherFileSkipsDelaysNothing() async throws {
        try await withRows { database, source in
            func lastRun(_ file: String) async throws -> Date? {
                let facts = try await source.scheduleFacts(
                    tasks: ["s"], now: Date(), dtype: "int8", pipelineFile: file)
                return facts["s"]?.lastRun
            }
            func add(_ verdict: String, _ file: String) throws {
                try database.sql(
                    """
                    INSERT INTO lorikeet.retrainings (task, trigger, started_at, finished_at, verdict, looks, report)
                    VALUES ('s', 'rows', now(), now(), '\(verdict)', 0, '{"pipeline_file": "\(file)"}')
                    """)
            }
            try add("skipped", "other")
            #expect(try await lastRun("mine") == nil)
            #expect(try await lastRun("other") != nil)
            try add("rejected", "other")
            #expect(try await lastRun("mine") != nil)
        }
    }

    @Test func theFactsOfManyTasksAreThoseOfEach() async throws {
        try await withRows { database, source in
            try database.sql(
                """
                INSERT INTO lorikeet.annotations (task, text, label, created_at) VALUES
                    ('s', 'a', 'x', now() - interval '2 hours'), ('s', 'b', 'x', now()), ('t', 'a', 'x', now()),
                    ('t', 'b', 'x', now()), ('other', 'a', 'x', now())
                """)
            try database.sql(
                """
                INSERT INTO lorikeet.retrainings (task, trigger, started_at, finished_at, verdict, looks) VALUES
                    ('s', 'rows', now() - interval '1 hour', now(), 'rejected', 1),
                    ('t', 'shadow', now() - interval '1 minute', now(), 'rejected', 0),
                    ('t', 'rows', now() - interval '2 hours', now(), 'failed', 0)
                """)
            let now = Date(timeIntervalSince1970: 86400)
            let facts = try await source.scheduleFacts(tasks: ["s", "t", "none"], now: now, dtype: "int8")
            #expect(facts.mapValues(\.newRows) == ["s": 1, "t": 2, "none": 0])
            #expect(facts.mapValues(\.failures) == ["s": 0, "t": 1, "none": 0])
            let ages = facts.compactMapValues { $0.lastRun.map { Int(now.timeIntervalSince($0) / 3600) } }
            #expect(ages == ["s": 1, "t": 2])
        }
    }

    @Test func whatAHeldChallengerWasJudgedByIsKnownWhileItWaits() async throws {
        try await withRows { database, source in
            try database.sql(
                """
                INSERT INTO lorikeet.adapters (task, version, digest, base_digest, state, manifest, weights)
                VALUES ('s', 2, repeat('a', 64), repeat('b', 64), 'candidate', '{}', '')
                """)
            func heldBy(_ verdict: String, _ report: String) async throws -> Int? {
                try database.sql(
                    """
                    INSERT INTO lorikeet.retrainings
                        (task, trigger, started_at, finished_at, verdict, looks, challenger_version, report)
                    VALUES ('s', 'rows', now(), now(), '\(verdict)', 1, 2, '\(report)')
                    """)
                return try await source.scheduleFacts(tasks: ["s"], now: Date(), dtype: "int8")["s"]?.heldBy
            }
            let rows = "\"rows\": {\"held_out\": 60}"
            #expect(try await heldBy("held", "{\(rows), \"findings\": {\"could_judge\": true}}") == 60)
            #expect(try await heldBy("skipped", "{\(rows)}") == 60)
            #expect(try await heldBy("held", "{\(rows), \"findings\": {\"could_judge\": false}}") == 0)
            #expect(try await heldBy("held", "{\(rows), \"waits_until\": 1700000000}") == 0)
            #expect(try await heldBy("held", "{\(rows), \"findings\": {\"awaits_approval\": true}}") == nil)
            #expect(try await heldBy("held", "{\(rows)}") == 60)
            try database.sql("UPDATE lorikeet.adapters SET state = 'rejected'")
            #expect(try await heldBy("skipped", "{}") == nil)
            try database.sql("UPDATE lorikeet.adapters SET state = 'candidate'")
            #expect(try await heldBy("rejected", "{}") == nil)
        }
    }

    @Test func aWinnerIsKnownOnceNothingHoldsIt() async throws {
        try await withRows { database, source in
            let winner = try HeldWinner(database, source)
            let (past, future) = (#"{"waits_until": 1700000000}"#, #"{"waits_until": 99999999999}"#)
            #expect(try await winner.isKnown(past))
            #expect(try await !winner.isKnown(past, champion: "another"))
            #expect(try await !winner.isKnown(future))
            #expect(try await !winner.isKnown("{}"))
            // On this machine's clock its time may not have come.
            #expect(try await !winner.isKnown(#"{"waits_until": \#(Date().timeIntervalSince1970 - 30)}"#))
            // Of another file: it is this daemon's unless this file has judged before. Then the other one is newer.
            let other = #"{"waits_until": 1700000000, "pipeline_file": "other"}"#
            #expect(try await winner.isKnown(other))
            #expect(try await winner.isKnown(other, file: "other"))
            #expect(try await !winner.isKnown(#"{"pipeline_file": "mine"}"#))
            #expect(try await !winner.isKnown(other))
            #expect(try await winner.isKnown(other, file: "other"))
            try database.sql("UPDATE lorikeet.adapters SET state = 'rejected' WHERE version = 2")
            #expect(try await !winner.isKnown(past))
        }
    }

    @Test func anotherPrecisionReleasesAWinnerOnce() async throws {
        try await withRows { database, source in
            let winner = try HeldWinner(database, source)
            let lossy = #"{"precision": {"dtype": "int8", "reason": ""}}"#
            #expect(try await !winner.isKnown(lossy))
            #expect(try await winner.isKnown(lossy, dtype: "float32"))
            // It cost nothing, or layers fall back: something else held it.
            let accepted = #"{"precision": {"dtype": "int8", "accepted": "int8+float32:3.output", "reason": ""}}"#
            #expect(try await !winner.isKnown(accepted, dtype: "float32"))
            // Daemons of two types do not review it in turn.
            for dtype in ["int8", "bfloat16"] {
                let review = #"{"pipeline_file": "mine", "precision": {"dtype": "\#(dtype)", "reason": ""}}"#
                #expect(try await !winner.isKnown(review))
            }
            #expect(try await !winner.isKnown(lossy, dtype: "bfloat16"))
            #expect(try await winner.isKnown(lossy, dtype: "float32"))
        }
    }

    /// Rows that came while the winner waited were not trained on.
    @Test func aWinnerThatWaitedIsNoTrainingOfItsOwn() async throws {
        try await withRows { database, source in
            func add(_ count: Int) throws {
                for _ in 0..<count {
                    try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('s', 'a', 'x')")
                }
            }
            func end(_ verdict: RetrainingVerdict, version: Int, heldBy: String = "") async throws {
                let id = try await source.begin(task: "s", trigger: .rows, champion: nil)
                var ending = RetrainingEnding(verdict: verdict, reason: "")
                (ending.looks, ending.challengerVersion) = (1, version)
                ending.report = VerdictReport(
                    json: """
                        {"rows":{"read":0,"training":0,"held_out":0,"newest":0,"seen":0,"unusable":0,"duplicates":0,\
                        "contradictory":0},"labels":[]\(heldBy)}
                        """)
                try await source.finish(id, ending)
            }
            let waits = ",\"waits_until\":1700000000"
            let lossy = ",\"precision\":{\"dtype\":\"int8\",\"float32_layers\":[],\"reason\":\"\"}"
            for (version, heldBy) in [(2, waits), (4, lossy)] {
                try await end(.held, version: version, heldBy: heldBy)
                try add(3)
                #expect(try await source.newRows(task: "s") == 3)
                try await end(.promoted, version: version)
                #expect(try await source.newRows(task: "s") == 3, "\(heldBy)")
                try await end(.rejected, version: version + 1)
                #expect(try await source.newRows(task: "s") == 0)
            }
        }
    }

    @Test func theNewestTextsOfTheStreamComeFirst() async throws {
        try await withRows { database, source in
            // Three today, one last week, one last year; one without text, one of another task.
            try database.sql(
                """
                INSERT INTO lorikeet.labels (pipeline, topic, "partition", "offset", task, produced_at, label, score,
                    scores, adapter_digest, text, labelled_at)
                SELECT 'p', 't', 0, i, CASE i WHEN 7 THEN 'other' ELSE 's' END, now(), 'x', 0.5, '{}', 'd',
                    CASE i WHEN 6 THEN NULL ELSE 'text ' || i END,
                    now() - CASE i WHEN 1 THEN interval '400 days' WHEN 2 THEN interval '6 days'
                        ELSE (10 - i) * interval '1 minute' END
                FROM generate_series(1, 7) AS i
                """)
            #expect(try await source.recentTexts(task: "s", limit: 2) == ["text 5", "text 4"])
            #expect(try await source.recentTexts(task: "s", limit: 4) == ["text 5", "text 4", "text 3", "text 2"])
            #expect(try await source.recentTexts(task: "s", limit: 99).last == "text 1")
            #expect(try await source.recentTexts(task: "none", limit: 99).isEmpty)
            #expect(try await source.recentTexts(task: "s", limit: 0).isEmpty)
        }
    }

    @Test func aReportComesBackAsItWas() async throws {
        try await withRows { database, source in
            let id = try await source.begin(task: "section", trigger: .age, champion: nil)
            let json = """
                {"rows":{"read":9,"training":5,"held_out":4,"newest":1,"seen":2,"unusable":0,"duplicates":0,\
                "contradictory":1},"labels":["a","é\\u0022"],"newest_since":1700000000.123456,"pipeline_file":"abc"}
                """
            let report = try #require(VerdictReport(json: json))
            var ending = RetrainingEnding(verdict: .held, reason: "why")
            ending.report = report
            try await source.finish(id, ending)
            let record = try #require(try await source.retraining(id))
            #expect(record.report == report && record.report?.newestSince == 1_700_000_000.123456)
            #expect(record.trigger == .age && record.looks == 0)
            #expect(try await source.retraining(id + 1) == nil)
            #expect(
                try database.count("SELECT (report->'rows'->>'seen')::int FROM lorikeet.retrainings") == 2)
            // What a later version wrote is not taken for a report.
            try database.sql("UPDATE lorikeet.retrainings SET report = '{\"rows\": 1}'")
            #expect(try await source.retraining(id)?.report == nil)
        }
    }

    @Test func anEndedProcessLeavesNoOpenRecord() async throws {
        try await withRows { database, source in
            let id = try await source.begin(task: "section", trigger: .rows, champion: nil)
            let other = try await source.begin(task: "role", trigger: .rows, champion: nil)
            try database.sql(
                """
                INSERT INTO lorikeet.leases
                VALUES ('retraining section', gen_random_uuid(), '\(TaskLease.holder(process: 4_000_001))', now(),
                    now() + interval '1 minute')
                """)
            // Not the holder: another process may be at it.
            try await source.clear(task: "section", ofEndedProcess: 4_000_002, reason: "no")
            #expect(try await source.retraining(id)?.verdict == nil)
            try await source.clear(task: "section", ofEndedProcess: 4_000_001, reason: "it took too long")
            let record = try #require(try await source.retraining(id))
            #expect(record.verdict == .failed && record.reason == "it took too long")
            #expect(try await source.retraining(other)?.verdict == nil)
        }
    }

    @Test func finishingAnUnknownRetrainingIsAnError() async throws {
        try await withRows { _, source in
            await #expect(throws: ConnectorError.self) {
                try await source.finish(42, verdict: .failed, reason: "", rowsUsed: 0, challenger: nil)
            }
        }
    }

    @Test func newRowsCountFromTheLastRetrainingWithAVerdict() async throws {
        try await withRows { database, source in
            func add() throws {
                try database.sql("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('section', 'a', 'x')")
            }
            #expect(try await source.newRows(task: "section") == 0)
            try add()
            #expect(try await source.newRows(task: "section") == 1)
            #expect(try await source.newRows(task: "role") == 0)

            let failed = try await source.begin(task: "section", trigger: .rows, champion: nil)
            #expect(try await source.newRows(task: "section") == 1)
            try await source.finish(failed, verdict: .failed, reason: "killed", rowsUsed: 0, challenger: nil)
            #expect(try await source.newRows(task: "section") == 1)

            let learned = try await source.begin(task: "section", trigger: .rows, champion: nil)
            try add()
            try await source.finish(learned, verdict: .rejected, reason: "no better", rowsUsed: 1, challenger: nil)
            #expect(try await source.newRows(task: "section") == 1)
            try add()
            #expect(try await source.newRows(task: "section") == 2)
        }
    }

    @Test func theNextRetrainingClosesTheRecordOfAKilledOne() async throws {
        try await withRows { _, source in
            let killed = try await source.begin(task: "section", trigger: .rows, champion: nil)
            let other = try await source.begin(task: "role", trigger: .rows, champion: nil)
            let next = try await source.begin(task: "section", trigger: .command, champion: nil)
            let records = Dictionary(
                uniqueKeysWithValues: try await source.retrainings().map { ($0.id, $0) })
            #expect(records[killed]?.verdict == .failed && records[killed]?.finishedAt != nil)
            #expect(records[killed]?.reason == "the process ended without a verdict")
            #expect(records[next]?.verdict == nil && records[other]?.verdict == nil)
        }
    }

    /// A version that a person rolled back must not come back by the same training.
    @Test func aTrainingWhoseVersionWasRolledBackDidNotSucceed() async throws {
        try await withRows { database, source in
            let id = try await source.begin(task: "section", trigger: .rows, champion: nil)
            var ending = RetrainingEnding(verdict: .promoted, reason: "better")
            (ending.challengerVersion, ending.looks, ending.trainingDigest) = (2, 1, "same")
            try await source.finish(id, ending)
            try database.sql(
                """
                INSERT INTO lorikeet.adapters
                    (task, version, digest, base_digest, state, manifest, weights, promoted_at, succession)
                VALUES ('section', 2, repeat('a', 64), repeat('b', 64), 'live', '{}', '', now(), 1)
                """)
            #expect(try await source.unsuccessful(task: "section", trainingDigest: "same") == nil)
            try database.sql("UPDATE lorikeet.adapters SET state = 'rejected', succession = NULL")
            let found = try await source.unsuccessful(task: "section", trainingDigest: "same")
            #expect(found?.id == id && found?.verdict == .promoted)
        }
    }

    @Test func aTaskHasOneRetrainingAtATime() async throws {
        try await withRows { database, source in
            let other = PostgresLabelledRowSource(database.settings())
            let outer = try await source.withLease(task: "section") { _ in
                let same = try await other.withLease(task: "section") { _ in true }
                let another = try await other.withLease(task: "role") { _ in true }
                return (same, another)
            }.value
            #expect(outer?.0.holder?.process == TaskLease.holder(process: getpid()))
            #expect(outer?.1.value == true)
            #expect(try await other.withLease(task: "section") { _ in true }.value == true)
            await other.close()
        }
    }

    @Test func theLeaseIsReleasedWhenTheBodyFails() async throws {
        struct Failure: Error {}
        try await withRows { _, source in
            await #expect(throws: Failure.self) { try await source.withLease(task: "section") { _ in throw Failure() } }
            let isFree = try await source.withLease(task: "section") { _ in true }
            #expect(isFree.value == true)
        }
    }

    @Test func aRestartedServerIsReconnected() async throws {
        try await SchemaDatabase.withOwnCluster { database in
            let source = PostgresLabelledRowSource(database.settings())
            #expect(try await source.newRows(task: "section") == 0)
            try database.cluster.halt()
            let error = await #expect(throws: ConnectorError.self) {
                try await source.newRows(task: "section")
            }
            #expect(error?.action == .retry)
            try database.cluster.restart()
            #expect(try await source.newRows(task: "section") == 0)
            await source.close()
        }
    }
}

/// A challenger that is held, and what the schedule makes of it.
private struct HeldWinner {
    private let database: SchemaDatabase
    private let source: PostgresLabelledRowSource
    private let digest = String(repeating: "a", count: 64)

    init(_ database: SchemaDatabase, _ source: PostgresLabelledRowSource) throws {
        (self.database, self.source) = (database, source)
        try database.sql(
            """
            INSERT INTO lorikeet.adapters
                (task, version, digest, base_digest, state, promoted_at, succession, manifest, weights)
            VALUES ('s', 1, '\(digest)', repeat('b', 64), 'live', now(), 1, '{}', ''),
                ('s', 2, repeat('c', 64), repeat('b', 64), 'candidate', NULL, NULL, '{}', '')
            """)
    }

    /// Adds a judgement with this report. Those before it go, unless they name a pipeline file.
    func isKnown(
        _ report: String, dtype: String = "int8", champion: String? = nil, file: String = "mine"
    ) async throws -> Bool {
        try database.sql(
            "DELETE FROM lorikeet.retrainings WHERE report->>'pipeline_file' IS NULL",
            """
            INSERT INTO lorikeet.retrainings
                (task, trigger, started_at, finished_at, verdict, looks, champion, challenger_version, report)
            VALUES ('s', 'rows', now(), now(), 'held', 1, '\(champion ?? digest)', 2, '\(report)')
            """)
        let facts = try await source.scheduleFacts(tasks: ["s"], now: Date(), dtype: dtype, pipelineFile: file)
        return try #require(facts["s"]).hasWinner
    }
}
