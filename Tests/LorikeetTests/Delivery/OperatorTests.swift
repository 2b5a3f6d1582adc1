import Foundation
import TestSupport
import Testing

@testable import Lab

/// What an administrator relies on at night.
@Suite(.scratch, .serialized) struct OperatorTests {
    /// The watchdog pings stop when a worker hangs. After a kill and a restart, as by systemd, nothing is missing.
    @Test func aStuckWorkerStopsThePingsAndLosesNothing() async throws {
        try await DeliveryStream.with { stream in
            let manager = try NotifySocket(address: "@lorikeet-\(UUID().uuidString)")
            let daemon = try await stream.startDaemon([
                "LORIKEET_HANG_AT": "in-classification:3", "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000",
            ])
            try await stream.produce(500)
            try await stream.until("a worker is stuck") { daemon.page("/healthz")?.status == 503 }
            await withCheckedContinuation { silent in
                Thread {
                    manager.untilSilent(seconds: 2)
                    silent.resume()
                }.start()
            }
            #expect(daemon.isRunning)
            await daemon.kill()
            let rows = try await stream.rows()
            #expect(rows < 1000, "the texts of the stuck batch have no rows yet")

            let second = try await stream.startDaemon()
            try await stream.untilAllIsSettled()
            #expect(await second.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 500, complete: 500, rows: 1000, rejected: 0))
        }
    }

    /// Exit status 78, so that systemd does not restart it. The password appears nowhere.
    @Test func aChangedPasswordStopsTheDaemonAndAppearsNowhere() async throws {
        try await DeliveryStream.with { stream in
            let password = "hunter2-\(UUID().uuidString)"
            try await stream.execute(
                """
                CREATE ROLE password_required;
                CREATE ROLE labeller LOGIN PASSWORD '\(password)' IN ROLE password_required
                """
            )
            let granted = try await Program.run(["migrate", "--database", stream.server.dsn(), "--role", "labeller"])
            #expect(granted.status == 0, "\(granted.error)")
            let daemon = try await stream.startDaemon([
                "DATABASE_URL": stream.server.dsn(user: "labeller", password: password)
            ])
            try await stream.label(100)
            let arguments = try String(contentsOfFile: "/proc/\(daemon.processID)/cmdline", encoding: .utf8)
            let pages = ["/metrics", "/readyz", "/healthz"].compactMap { daemon.page($0)?.body }
            #expect(pages.count == 3 && arguments.contains("run"))

            try await stream.execute(
                """
                ALTER ROLE labeller PASSWORD 'another';
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'labeller'
                """)
            try await stream.produce(100)
            #expect(await daemon.exitStatus() == 78)
            let log = try stream.log()
            #expect(log.contains("28P01") || log.contains("password authentication failed"), "\(log.suffix(2000))")
            for said in pages + [arguments, log] { #expect(!said.contains(password)) }

            let second = try await stream.startDaemon([
                "DATABASE_URL": stream.server.dsn(user: "labeller", password: "another")
            ])
            try await stream.untilAllIsSettled()
            #expect(await second.terminate() == 0)
            #expect(try await stream.count() == .init(messages: 200, complete: 200, rows: 400, rejected: 0))
        }
    }
}
