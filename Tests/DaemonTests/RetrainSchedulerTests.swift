import AdapterRegistry
import Connectors
import DaemonFixtures
import Foundation
import PostgresClient
import TestSupport
import Testing
import Threading

@testable import Daemon
@testable import Pipelines

@Test func enoughNewRowsStartARetrainingOfTheirTask() async throws {
    try await DaemonFixture.with { fixture in
        // Stands in for this program: says how it was called, and reports a verdict.
        let program = try fixture.writeProgram(
            """
            #!/bin/sh
            echo "$@" >> \(fixture.folder.path)/calls
            echo '{"task":"noise","verdict":"rejected","reason":"only ties","rowsUsed":3}'
            """)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 3 }\ndtype: int8")
        var options = fixture.options()
        options.retrainProgram = program
        try await fixture.withDaemon(file, options: options) { daemon in
            let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
            defer { connection.close() }
            let insert = "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', $1, 'calm')"
            for text in ["a", "b"] { try connection.execute(insert, [.text(text)]) }
            try await eventually("ready") { await daemon.readiness().ready }
            #expect(!FileManager.default.fileExists(atPath: fixture.folder.path + "/calls"))
            try connection.execute(insert, [.text("c")])
            try await eventually("the verdict") { fixture.log.count(containing: "msg=\"retraining ended\"") > 0 }
        }
        let calls = try String(contentsOfFile: fixture.folder.path + "/calls", encoding: .utf8)
        #expect(
            calls.hasPrefix(
                "retrain noise --pipeline \(file) --background --dtype int8 --trigger rows --json "
                    + "--log-format logfmt\n")
        )
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining ended\"") })
        #expect(
            line.contains("reason=\"only ties\"") && line.contains("verdict=rejected") && line.contains("rows_used=3"))
    }
}

/// The next retraining starts although the last one has not begun yet by the date.
@Test func aClockThatIsSetBackStopsNoRetraining() async throws {
    try await DaemonFixture.with { fixture in
        let calls = fixture.folder.path + "/calls"
        let program = try fixture.writeProgram(
            """
            #!/bin/sh
            echo called >> \(calls)
            echo '{"task":"noise","verdict":"rejected","reason":"only ties","rowsUsed":3}'
            """)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1 }")
        try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
        let isSetBack = Watched(false)
        let clock = Clock(
            now: Clock.system.now, sleep: Clock.system.sleep,
            date: { Clock.systemDate() - (isSetBack.value ? 365 * 86_400_000 : 0) })
        let scheduler = RetrainScheduler(
            pipelines: [try PipelineFile.read(path: file, environment: fixture.environment)], program: program,
            precision: { .float32 }, logger: fixture.log.logger, clock: clock)
        let running = Task { try await scheduler.run() }
        func count() -> Int {
            ((try? String(contentsOfFile: calls, encoding: .utf8)) ?? "").split(separator: "\n").count
        }
        try await eventually("the first one") { count() >= 1 }
        isSetBack.update { $0 = true }
        let before = count()
        // One may have been decided on before.
        try await eventually("others") { count() >= before + 2 }
        running.cancel()
        try await running.value
    }
}

/// `on_drift`, with far fewer rows than `minimum_new_rows`.
@Test func textsThatDriftStartARetraining() async throws {
    try await DaemonFixture.with { fixture in
        let calls = fixture.folder.path + "/calls"
        let program = try fixture.writeProgram(
            """
            #!/bin/sh
            echo "$@" >> \(calls)
            echo '{"task":"noise","verdict":"rejected","reason":"only ties","rowsUsed":3}'
            """)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 999, on_drift: true }")
        try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
        let pipeline = try PipelineFile.read(path: file, environment: fixture.environment)
        let database = pipeline.sink.postgres.value
        let isDrifting = Watched(false)
        let scheduler = RetrainScheduler(
            pipelines: [pipeline], program: program, precision: { .float32 }, logger: fixture.log.logger,
            isDrifting: { postgres, task in isDrifting.value && postgres == database && task == "noise" })
        let running = Task { try await scheduler.run() }
        defer { running.cancel() }
        try await eventually("the row is known") { await scheduler.retraining(of: "noise", in: pipeline)?.newRows == 1 }
        #expect(!FileManager.default.fileExists(atPath: calls))
        isDrifting.update { $0 = true }
        try await eventually("a retraining") {
            ((try? String(contentsOfFile: calls, encoding: .utf8)) ?? "").contains("--trigger drift")
        }
        running.cancel()
        try await running.value
    }
}

/// As the kernel kills a process when memory runs out: the daemon logs it, keeps labelling, and tries again.
@Test func aRetrainingThatIsKilledDisturbsNothing() async throws {
    try await DaemonFixture.with { fixture in
        let program = try fixture.writeProgram("#!/bin/sh\nkill -KILL $$\n")
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1 }")
        var options = fixture.options()
        options.retrainProgram = program
        try await fixture.withDaemon(file, options: options) { daemon in
            try await eventually("ready") { await daemon.readiness().ready }
            try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
            try await eventually("two that failed") { fixture.log.count(containing: "msg=\"retraining failed\"") >= 2 }
            try fixture.produce(50)
            try await fixture.untilLabelled(50)
            #expect(await daemon.readiness().ready)
        }
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining failed\"") })
        #expect(line.contains("exit_status=137") && line.contains("signal 9") && line.contains("memory"), "\(line)")
    }
}

/// The program under a limit that its rows do not fit into: the daemon keeps labelling, and retrains once they fit.
@Test func aRetrainingWithoutMemoryDisturbsNothing() async throws {
    try await DaemonFixture.with { fixture in
        let lorikeet = try BuiltProgram.url().path
        // In KiB of address space, of which the program with this base takes a third, however many cores there are.
        let script = """
            #!/bin/sh
            ulimit -v 1500000
            export DATABASE_URL='\(fixture.postgres.value)' SWIFT_BACKTRACE=enable=no
            export OPENBLAS_NUM_THREADS=1 MALLOC_ARENA_MAX=1
            exec \(lorikeet) "$@" 2>> \(fixture.folder.path)/errors
            """
        let program = try fixture.writeProgram(script)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, minimum_hold_out: 5, epochs: 1, workers: 1 }")
        var options = fixture.options()
        options.retrainProgram = program
        try fixture.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label)
            SELECT 'noise', 'private ' || repeat(n || ' ', 250000), CASE n % 2 WHEN 0 THEN 'calm' ELSE 'loud' END
            FROM generate_series(1001, 1600) AS n
            """)
        try await fixture.withDaemon(file, options: options) { daemon in
            try await eventually("one that failed") { fixture.log.count(containing: "msg=\"retraining failed\"") >= 1 }
            try fixture.produce(50)
            try await fixture.untilLabelled(50)
            #expect(await daemon.readiness().ready)
            #expect(fixture.log.count(containing: "msg=\"retraining ended\"") == 0)
            try fixture.execute("UPDATE lorikeet.annotations SET text = left(text, 20)")
            try await eventually("one that ended") { fixture.log.count(containing: "msg=\"retraining ended\"") >= 1 }
        }
        let errors = try String(contentsOfFile: fixture.folder.path + "/errors", encoding: .utf8)
        #expect(errors.contains("memory"), "\(errors)")
        #expect(!errors.contains("private") && !fixture.log.all.contains { $0.contains("private") })
    }
}

@Test(.timeLimit(.minutes(2))) func aRetrainingThatHangsIsEnded() async throws {
    try await DaemonFixture.with { fixture in
        let program = try fixture.writeProgram("#!/bin/sh\nexec sleep 600\n")
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, time_limit: 1h }")
        try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
        let clock = ManualClock()
        let scheduler = RetrainScheduler(
            pipelines: [try PipelineFile.read(path: file, environment: fixture.environment)], program: program,
            precision: { .float32 }, logger: fixture.log.logger, clock: clock.clock)
        let running = Task { try await scheduler.run() }
        defer { running.cancel() }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(3605))
        // The process has time to end itself first.
        await clock.waitForSleepers(dueWithin: .seconds(5))
        clock.advance(by: .seconds(5))
        try await eventually("it was ended") { fixture.log.count(containing: "msg=\"retraining failed\"") == 1 }
        running.cancel()
        try await running.value
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining failed\"") })
        #expect(line.contains("exit_status=137") && line.contains("it took longer than time_limit, 1h"), "\(line)")
    }
}

/// A script that runs this program over the database of a fixture.
private func builtProgram(_ fixture: DaemonFixture) throws -> String {
    try fixture.writeProgram(
        """
        #!/bin/sh
        export DATABASE_URL='\(fixture.postgres.value)'
        exec \(try BuiltProgram.url().path) "$@"
        """)
}

/// The program itself: the daemon need not kill it, and both say the same.
@Test func aRetrainingEndsItselfAtItsTimeLimit() async throws {
    try await DaemonFixture.with { fixture in
        let program = try builtProgram(fixture)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, minimum_hold_out: 5, epochs: 1000, time_limit: 3s }")
        var options = fixture.options()
        options.retrainProgram = program
        try fixture.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label)
            SELECT 'noise', 'row ' || n, CASE n % 2 WHEN 0 THEN 'calm' ELSE 'loud' END
            FROM generate_series(1, 3000) AS n
            """)
        try await fixture.withDaemon(file, options: options) { _ in
            try await eventually("it ended") { fixture.log.count(containing: "msg=\"retraining failed\"") >= 1 }
        }
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining failed\"") })
        #expect(line.contains("exit_status=1 ") && line.contains("it took longer than time_limit, 3s"), "\(line)")
        let recorded =
            "SELECT count(*) AS n FROM lorikeet.retrainings WHERE verdict = 'failed' AND reason LIKE '%time_limit, 3s'"
        #expect(try fixture.number(recorded) >= 1)
    }
}

/// The program itself: every thread has the lowest priority, in a session of the lowest priority, and the kernel ends
/// it before the daemon when memory runs out.
@Test func aRetrainingStandsBackBehindTheDaemon() async throws {
    try await DaemonFixture.with { fixture in
        let program = try builtProgram(fixture)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, minimum_hold_out: 5, epochs: 1000 }")
        var options = fixture.options()
        options.retrainProgram = program
        try fixture.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label)
            SELECT 'noise', 'row ' || n, CASE n % 2 WHEN 0 THEN 'calm' ELSE 'loud' END FROM generate_series(1, 600) AS n
            """)
        try await fixture.withDaemon(file, options: options) { _ in
            let began = "SELECT count(*) AS n FROM lorikeet.retrainings WHERE finished_at IS NULL"
            try await eventually("it runs") { try fixture.number(began) == 1 }
            let process = try fixture.number(
                "SELECT split_part(holder, 'process ', 2)::bigint AS n FROM lorikeet.leases")
            /// The fields of proc(5) behind the name.
            @Sendable func fields(_ path: String) throws -> [Substring] {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                return text[try #require(text.lastIndex(of: ")"))...].split(separator: " ").dropFirst().map { $0 }
            }
            #expect(try fields("/proc/\(process)/stat")[3] == "\(process)", "its session")
            try await eventually("every thread stands back") {
                let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
                // A thread may have ended since.
                let niceness = threads.compactMap { try? fields("/proc/\(process)/task/\($0)/stat")[16] }
                return niceness.count > 1 && niceness.allSatisfy { $0 == "19" }
            }
            let adjustment = try String(contentsOfFile: "/proc/\(process)/oom_score_adj", encoding: .utf8)
            #expect(adjustment == "500\n")
            if let group = try? String(contentsOfFile: "/proc/\(process)/autogroup", encoding: .utf8) {
                #expect(group.hasSuffix("nice 19\n"), "\(group)")
            }
        }
    }
}

@Test func aPausedTaskIsNotRetrained() async throws {
    try await DaemonFixture.with { fixture in
        let program = try fixture.writeProgram("#!/bin/sh\ntouch \(fixture.folder.path)/called\n")
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, paused: [noise] }")
        var options = fixture.options()
        options.retrainProgram = program
        try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
        try await fixture.withDaemon(file, options: options) { daemon in
            try await eventually("ready") { await daemon.readiness().ready }
            try await eventually("the log says so") { fixture.log.count(containing: "msg=\"retraining paused\"") == 1 }
            // Two rounds of the scheduler later, it is still so.
            try fixture.produce(50)
            try await fixture.untilLabelled(50)
        }
        #expect(fixture.log.count(containing: "msg=\"retraining paused\"") == 1)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.path + "/called"))
    }
}

/// What people may ask of a paused task is as new as that of any other.
@Test func theRowsOfAPausedTaskAreCounted() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(
            extra: "retrain: { every: 100ms, minimum_new_rows: 1, paused: [noise] }")
        let pipeline = try PipelineFile.read(path: file, environment: fixture.environment)
        let scheduler = RetrainScheduler(
            pipelines: [pipeline], program: "/nonexistent", precision: { .float32 }, logger: fixture.log.logger)
        try fixture.execute(
            """
            INSERT INTO lorikeet.retrainings (task, trigger, started_at, finished_at, verdict, reason)
            VALUES ('noise', 'command', now() - interval '2 hours', now() - interval '1 hour', 'rejected', 'a tie')
            """)
        let running = Task { try await scheduler.run() }
        for rows in 1...2 {
            try fixture.execute(
                "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', '\(rows)', 'calm')")
            try await eventually("\(rows) new rows") {
                await scheduler.retraining(of: "noise", in: pipeline)?.newRows == rows
            }
        }
        let known = try #require(await scheduler.retraining(of: "noise", in: pipeline))
        #expect(known.isPaused && known.last?.reason == "a tie")
        #expect(fixture.log.count(containing: "retraining cannot be started") == 0)
        running.cancel()
        try await running.value
    }
}

/// Counting rows may take long where a person's query does; nothing that is in use is closed.
@Test func aReloadDoesNotWaitForARunningCount() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 100 }")
        let pipeline = try PipelineFile.read(path: file, environment: fixture.environment)
        let scheduler = RetrainScheduler(
            pipelines: [pipeline], program: "/nonexistent", precision: { .float32 }, logger: fixture.log.logger)
        let lock = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { lock.close() }
        try lock.execute("BEGIN")
        try lock.execute("LOCK TABLE lorikeet.annotations IN ACCESS EXCLUSIVE MODE")
        let running = Task { try await scheduler.run() }
        let scheduling =
            "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lorikeet scheduler'"
        try await eventually("it waits") {
            try fixture.number("SELECT count(*) AS n \(scheduling) AND wait_event_type = 'Lock'") == 1
        }
        let process = try fixture.number("SELECT pid AS n \(scheduling)")
        let isUpdated = Watched(false)
        let updating = Task {
            await scheduler.update([pipeline])
            isUpdated.update { $0 = true }
        }
        try await eventually("the reload ends") { isUpdated.value }
        try lock.execute("ROLLBACK")
        try await eventually("it counts") {
            await scheduler.retraining(of: "noise", in: pipeline)?.newRows == 0
        }
        #expect(try fixture.number("SELECT pid AS n \(scheduling)") == process, "the same connection")
        await scheduler.update([])
        try await eventually("what nobody uses is closed") {
            try fixture.number("SELECT count(*) AS n \(scheduling)") == 0
        }
        await updating.value
        running.cancel()
        try await running.value
    }
}

/// By the metric as well as in the scheduler, which asks once a minute.
@Test func whatWaitsForAPersonIsKnownUntilOneActs() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let store = PostgresAdapterStore(fixture.settings)
        let (first, second) = (
            try fixture.model.adapter(labels: DaemonFixture.labels),
            try fixture.model.adapter(labels: DaemonFixture.labels, seed: 5)
        )
        _ = try await store.ensureLive(task: "noise", first: first)
        let challenger = try await store.publish(
            task: "noise", adapter: second, metrics: [:], parentDigest: first.digest)
        try fixture.execute(
            """
            INSERT INTO lorikeet.retrainings (task, trigger, finished_at, verdict, champion, challenger_version, report)
            VALUES ('noise', 'rows', to_timestamp(2000), 'held', '\(first.digest)', \(challenger.version),
                    '{"findings":{"awaits_approval":true}}'),
                ('noise', 'rows', to_timestamp(3000), 'skipped', '\(first.digest)', NULL, NULL)
            """)
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1000 }")
        try await fixture.withDaemon(file) { daemon in
            try await eventually("the metric") {
                await daemon.metricsText().contains("\n\(DaemonMetricNames.approvalAwaited){task=\"noise\"} 2000\n")
            }
            let page = await daemon.metricsText()
            #expect(page.contains("\n\(DaemonMetricNames.newRows){task=\"noise\"} 0\n"))
            #expect(page.contains("\n\(DaemonMetricNames.minimumNewRows){task=\"noise\"} 1000\n"))
            #expect(page.contains("\n\(DaemonMetricNames.lastRetraining){task=\"noise\",verdict=\"skipped\"} "))
        }
        let clock = ManualClock()
        let scheduler = RetrainScheduler(
            pipelines: [try PipelineFile.read(path: file, environment: fixture.environment)], program: "/bin/false",
            precision: { .float32 }, logger: fixture.log.logger, clock: clock.clock)
        let running = Task { try await scheduler.run() }
        try await eventually("it is known") {
            await scheduler.approvalsAwaited == ["noise": Date(timeIntervalSince1970: 2000)]
        }
        _ = try await store.promote(task: "noise", version: challenger.version)
        clock.advance(by: .seconds(60))
        try await eventually("nothing waits any more") { await scheduler.approvalsAwaited.isEmpty }
        running.cancel()
        try await running.value
        await store.close()
    }
}

/// Counting may take up to ten minutes.
@Test(.timeLimit(.minutes(2))) func anEndDoesNotWaitForARunningCount() async throws {
    try await DaemonFixture.with { fixture in
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 100 }")
        let scheduler = RetrainScheduler(
            pipelines: [try PipelineFile.read(path: file, environment: fixture.environment)], program: "/nonexistent",
            precision: { .float32 }, logger: fixture.log.logger)
        let lock = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
        defer { lock.close() }
        try lock.execute("BEGIN")
        try lock.execute("LOCK TABLE lorikeet.annotations IN ACCESS EXCLUSIVE MODE")
        let running = Task { try await scheduler.run() }
        try await fixture.untilLocked("lorikeet scheduler")
        running.cancel()
        try await running.value
        try lock.execute("ROLLBACK")
        #expect(fixture.log.count(containing: "labelled rows cannot be counted") == 0)
    }
}

/// A run takes hours: what is due after it is decided by the files of then, and people are told of new rows meanwhile.
@Test func aReloadDuringARetrainingHoldsForTheTasksAfterIt() async throws {
    try await DaemonFixture.with { fixture in
        let (calls, end) = (fixture.folder.path + "/calls", fixture.folder.path + "/end")
        try #require(mkfifo(end, 0o600) == 0)
        let gate = open(end, O_RDWR | O_CLOEXEC)
        defer { close(gate) }
        let program = try fixture.writeProgram(
            """
            #!/bin/sh
            echo "$2" >> '\(calls)'
            read -r _ < '\(end)'
            echo '{"task":"noise","verdict":"rejected","reason":"only ties","rowsUsed":3}'
            """)
        try fixture.writeAdapter("first")
        let first = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1 }")
        let text = try String(contentsOfFile: first, encoding: .utf8)
        let second = try fixture.folder.write(
            "q.yaml", text.replacing("name: noise", with: "name: second").replacing("  noise:", with: "  other:"))
        func read(_ file: String) throws -> PipelineConfiguration {
            try PipelineFile.read(path: file, environment: fixture.environment)
        }
        func insert(_ task: String) throws {
            try fixture.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('\(task)', 'a', 'calm')")
        }
        for task in ["noise", "other"] { try insert(task) }
        let pipelines = [try read(first), try read(second)]
        let scheduler = RetrainScheduler(
            pipelines: pipelines, program: program, precision: { .float32 }, logger: fixture.log.logger)
        let running = Task { try await scheduler.run() }
        try await eventually("the first one") { FileManager.default.fileExists(atPath: calls) }
        try insert("other")
        try await eventually("the new rows are known") {
            await scheduler.retraining(of: "other", in: pipelines[1])?.newRows == 2
        }
        try fixture.folder.write(
            "q.yaml",
            try String(contentsOfFile: second, encoding: .utf8).replacing(
                "minimum_new_rows: 1", with: "minimum_new_rows: 1, paused: [other]"))
        await scheduler.update([pipelines[0], try read(second)])
        #expect(write(gate, "\n", 1) == 1)
        try await eventually("the other one was looked at") {
            fixture.log.count(containing: "msg=\"retraining paused\"") == 1
        }
        running.cancel()
        try await running.value
        let tasks = try String(contentsOfFile: calls, encoding: .utf8).split(separator: "\n")
        #expect(tasks.contains("noise") && !tasks.contains("other"))
    }
}
