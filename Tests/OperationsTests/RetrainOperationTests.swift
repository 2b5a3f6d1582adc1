import BERT
import DaemonFixtures
import Foundation
import Logging
import PostgresClient
import TestSupport
import Testing
import Threading

@testable import Operations

@Test func aRetrainingTrainsOnAnnotationsAndPromotes() async throws {
    try await DaemonFixture.with { fixture in
        let file = try fixture.writePipeline(
            task: "{ labels: [calm, loud] }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 8, batch: 8, rate: 1e-2, workers: 1 }")
        let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { connection.close() }
        for index in 0..<160 {
            let (word, label) = index % 2 == 0 ? ("brook", "calm") : ("!! ?!", "loud")
            try connection.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', $1, $2)",
                [.text("\(word) \(index) \(word)"), .text(label)])
        }
        let report = try await RetrainOperation.run(
            task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
        #expect(report.verdict == "promoted", "\(report.reason)")
        #expect(report.rowsUsed == 160)
        let live =
            "SELECT count(*) AS n FROM lorikeet.adapters WHERE state = 'live' AND digest = '\(report.challenger ?? "")'"
        #expect(try fixture.number(live) == 1)
        #expect(
            try fixture.number(
                "SELECT count(*) AS n FROM lorikeet.retrainings WHERE verdict = 'promoted' AND finished_at IS NOT NULL")
                == 1
        )

        #expect(
            try fixture.number(
                "SELECT count(*) AS n FROM lorikeet.adapters WHERE promoted_by = 'retraining 1' AND training_rows IS "
                    + "NOT NULL AND (training_range->>'newest_id')::int <= 160") == 1)
        let page = fixture.folder.path + "/verdict.html"
        let journal = RetrainingsOperation(DatabaseSource(database: fixture.postgres.value, pipeline: nil))
        let record = try await journal.retraining(1, report: page)
        #expect(record.looks == 1 && record.challengerVersion == 1)
        #expect(record.report?.challenger?.macroF1 == report.challengerMacroF1)
        #expect(record.report?.rows.newest == 16 && record.report?.pipelineFile?.count == 12)
        HTMLCheck.expectGood(try String(contentsOfFile: page, encoding: .utf8))
        #expect(try await journal.retrainings(task: "noise", limit: 9).map(\.id) == [1])
        await #expect(throws: CommandFailure.self) { try await journal.retraining(2, report: nil) }

        let failure = await #expect(throws: CommandFailure.self) {
            _ = try await RetrainOperation.run(
                task: "nois", file: file, environment: fixture.environment, logger: fixture.log.logger)
        }
        #expect(failure?.message == "\(file): tasks: there is no task nois (did you mean noise?)")
        #expect(failure?.status == .configuration)
    }
}

/// Before any daemon ran, the adapter that the file names is the one to beat, and its labels are not forgotten.
@Test func theAdapterOfThePipelineFileIsTheChampion() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first", labels: ["calm", "loud", "odd"])
        let file = try fixture.writePipeline(
            task: "{ labels: [calm, loud, odd], adapter: first }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 1, workers: 1 }")
        let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { connection.close() }
        for index in 0..<100 {
            try connection.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', $1, $2)",
                [.text("brook \(index)"), .text(index % 2 == 0 ? "calm" : "loud")])
        }
        let report = try await RetrainOperation.run(
            task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
        #expect(report.verdict == "held" && report.champion != nil, "\(report.reason)")
        #expect(report.reason.contains("1 of the champion's 3 labels has no held-out row (\"odd\": 10 missing)"))
        #expect(
            try fixture.number("SELECT count(*) AS n FROM lorikeet.adapters WHERE state = 'live' AND version = 1") == 1)
    }
}

/// A folder of PEFT names no labels: the pipeline file does, for rows, registry and retraining.
@Test func anAdapterFromPEFTLabelsAndIsTrainedOn() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first", labels: ["loud", "calm"])
        try FileManager.default.removeItem(atPath: fixture.folder.path + "/first/lorikeet.json")
        let file = try fixture.writePipeline(
            task: "{ labels: [loud, calm], adapter: first }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 1, workers: 1 }")
        // Over a base of 64 positions, with the default of max_tokens.
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try fixture.folder.write("p.yaml", text.replacing(", max_tokens: 32", with: ""))
        try fixture.produce(10)
        try await fixture.withDaemon(file) { _ in
            try await fixture.untilLabelled(10)
        }
        let named =
            "SELECT count(*) AS n FROM lorikeet.labels l JOIN lorikeet.adapters a ON a.digest = l.adapter_digest"
            + " WHERE l.label IN ('calm', 'loud') AND a.state = 'live'"
            + " AND a.manifest->'labels' = '[\"loud\", \"calm\"]'"
        #expect(try fixture.number(named) == 10)
        for index in 0..<80 {
            let (word, label) = index % 2 == 0 ? ("brook", "calm") : ("!! ?!", "loud")
            let text = "\(word) \(index) \(word)"
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', '\(text)', '\(label)')")
        }
        let report = try await RetrainOperation.run(
            task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger)
        #expect(["promoted", "held", "rejected"].contains(report.verdict), "\(report.reason)")
        #expect(report.champion != nil)
    }
}

/// A challenger is trained and judged in the type that serves.
@Test(arguments: [("dtype: int8", DataType?.none), ("", .int8), ("dtype: float32", .int8)])
func aRetrainingComputesInTheTypeThatServes(key: String, given: DataType?) async throws {
    try await DaemonFixture.with { fixture in
        let file = try fixture.writePipeline(
            task: "{ labels: [calm, loud] }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 8, batch: 8, rate: 1e-2, workers: 1 }\n\(key)")
        for index in 0..<160 {
            let (word, label) = index % 2 == 0 ? ("brook", "calm") : ("!! ?!", "loud")
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) "
                    + "VALUES ('noise', '\(word) \(index) \(word)', '\(label)')")
        }
        let report = try await RetrainOperation.run(
            task: "noise", file: file, precision: given.map { BasePrecision($0) }, environment: fixture.environment,
            logger: fixture.log.logger)
        #expect(report.verdict == "promoted", "\(report.reason)")
        let trained = "SELECT count(*) AS n FROM lorikeet.adapters WHERE state = 'live' AND manifest->>'dtype' = 'int8'"
        #expect(try fixture.number(trained) == 1)
        let registry = AdaptersOperation(DatabaseSource(database: fixture.postgres.value, pipeline: nil))
        #expect(try await registry.versions(task: "noise").map(\.dataType) == [.int8])
    }
}

// MARK: - The time limit

/// A clock on which an hour is over once `start` says so, and every other time after `other`.
private func clock(
    hourAfter start: AsyncStream<Void>, other: @escaping @Sendable () async throws -> Void
) -> Clock {
    Clock(
        now: Clock.system.now,
        sleep: { duration in
            guard duration == .seconds(3600) else { return try await other() }
            for await _ in start { break }
            try Task.checkCancellation()
        })
}

private func addRows(_ fixture: DaemonFixture) throws {
    try fixture.execute(
        """
        INSERT INTO lorikeet.annotations (task, text, label)
        SELECT 'noise', 'row ' || n, CASE n % 2 WHEN 0 THEN 'calm' ELSE 'loud' END FROM generate_series(1, 600) AS n
        """)
}

private let isRecorded = """
    SELECT count(*) AS n FROM lorikeet.retrainings
    WHERE verdict = 'failed' AND finished_at IS NOT NULL AND reason = 'it took longer than time_limit, 1h'
        AND NOT EXISTS (SELECT FROM lorikeet.leases)
    """

@Test(.timeLimit(.minutes(3))) func aRetrainingThatTakesTooLongBreaksOff() async throws {
    try await DaemonFixture.with { fixture in
        let file = try fixture.writePipeline(
            task: "{ labels: [calm, loud] }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 1000, workers: 1, time_limit: 1h }")
        try addRows(fixture)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let failure = await #expect(throws: CommandFailure.self) {
            _ = try await RetrainOperation.run(
                task: "noise", file: file, environment: fixture.environment, logger: fixture.log.logger,
                clock: clock(hourAfter: begun) { try await Clock.system.sleep(.seconds(600)) },
                endProcess: { Issue.record("it ended by itself") }, progress: { _ in begin.yield() })
        }
        #expect(failure == CommandFailure(.failed, "it took longer than time_limit, 1h"))
        #expect(try fixture.number(isRecorded) == 1)
    }
}

/// Its statement waits for another one.
@Test(.timeLimit(.minutes(3))) func aRetrainingThatHangsEndsWithItsProcess() async throws {
    try await DaemonFixture.with { fixture in
        let file = try fixture.writePipeline(
            task: "{ labels: [calm, loud] }",
            extra: "retrain: { minimum_hold_out: 5, epochs: 1, workers: 1, time_limit: 1h }")
        try addRows(fixture)
        let lock = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { lock.close() }
        try lock.execute("BEGIN")
        try lock.execute("LOCK TABLE lorikeet.annotations IN ACCESS EXCLUSIVE MODE")
        let ended = Watched(false)
        let (environment, logger) = (fixture.environment, fixture.log.logger)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await RetrainOperation.run(
                task: "noise", file: file, environment: environment, logger: logger,
                clock: clock(hourAfter: begun) {}, endProcess: { ended.update { $0 = true } })
        }
        defer { running.cancel() }
        try await fixture.untilLocked("lorikeet retrain")
        begin.yield()
        try await eventually("it gave up") { ended.value }
        #expect(try fixture.number(isRecorded) == 1)
        try lock.execute("ROLLBACK")
        await #expect(throws: CommandFailure.self) { _ = try await running.value }
    }
}

@Test func aReportIsReadAsItIsWritten() {
    let report = RetrainReport(
        task: "t", verdict: "rejected", reason: "only ties", rowsUsed: 3, champion: nil, challenger: "abc",
        championMacroF1: nil, challengerMacroF1: 0.5)
    let line =
        #"{"task":"t","verdict":"rejected","reason":"only ties","rows_used":3,"#
        + #""challenger":"abc","challenger_macro_f1":0.5}"#
    #expect(RetrainReport(output: Array("progress\n\(line)\n".utf8)) == report)
    #expect(RetrainReport(output: Array("{}".utf8)) == nil)
}
