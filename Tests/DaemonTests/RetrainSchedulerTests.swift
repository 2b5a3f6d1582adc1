import Connectors
import Foundation
import PostgresClient
import TestSupport
import Testing

@testable import Daemon

@Test func enoughNewRowsStartARetrainingOfTheirTask() async throws {
    try await DaemonFixture.with { fixture in
        // Stands in for this program: says how it was called, and reports a verdict.
        let program = try fixture.folder.write(
            "program",
            """
            #!/bin/sh
            echo "$@" >> \(fixture.folder.path)/calls
            echo '{"task":"noise","verdict":"rejected","reason":"only ties","rowsUsed":3}'
            """)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 3 }")
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
        #expect(calls.hasPrefix("retrain noise --pipeline \(file) --background --trigger rows --json --log-format logfmt\n"))
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining ended\"") })
        #expect(line.contains("reason=\"only ties\"") && line.contains("verdict=rejected") && line.contains("rows=3"))
    }
}

/// As the kernel ends a process when memory is out: the daemon says so, labels on, and tries again.
@Test func aRetrainingThatIsKilledDisturbsNothing() async throws {
    try await DaemonFixture.with { fixture in
        let program = try fixture.folder.write("program", "#!/bin/sh\nkill -KILL $$\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        try fixture.writeAdapter("first")
        let file = try fixture.writePipeline(extra: "retrain: { every: 100ms, minimum_new_rows: 1 }")
        var options = fixture.options()
        options.retrainProgram = program
        try await fixture.withDaemon(file, options: options) { daemon in
            try await eventually("ready") { await daemon.readiness().ready }
            let connection = try PostgresConnection(dsn: fixture.postgres.value, applicationName: "test")
            defer { connection.close() }
            try connection.execute("INSERT INTO lorikeet.annotations (task, text, label) VALUES ('noise', 'a', 'calm')")
            try await eventually("two that failed") { fixture.log.count(containing: "msg=\"retraining failed\"") >= 2 }
            try fixture.produce(50)
            try await eventually("50 rows") { try fixture.number("SELECT count(*) AS n FROM lorikeet.labels") == 50 }
            #expect(await daemon.readiness().ready)
        }
        let line = try #require(fixture.log.all.first { $0.contains("msg=\"retraining failed\"") })
        #expect(line.contains("status=137"), "\(line)")
    }
}
