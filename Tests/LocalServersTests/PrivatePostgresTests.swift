import Glibc
import TestSupport
import Testing

@testable import LocalServers
@testable import PostgresClient

@Suite struct PrivatePostgresTests {
    @Test func stopRemovesServerAndFolder() async throws {
        let server = try PrivatePostgres.start(fsync: false)
        let process = try PostgresConnection(dsn: server.dsn()).execute("SELECT pg_backend_pid() AS p")[0].integer("p")
        #expect(access(server.folder, F_OK) == 0)
        server.stop()
        server.stop()
        #expect(access(server.folder, F_OK) != 0)
        #expect(kill(pid_t(process), 0) != 0)
        #expect(throws: PrivatePostgresError.self) { try server.restart() }
    }

    @Test func pausedServerStopsToo() async throws {
        let server = try PrivatePostgres.start(fsync: false)
        server.pause()
        server.stop()
        #expect(access(server.folder, F_OK) != 0)
    }

    /// What `kill -9` does to us, the kernel does to our end of the socket: it closes it.
    @Test func deathOfThisProcessEndsTheServer() async throws {
        let binaries = try #require(ServerFolder.Binaries.folder())
        let user = try ServerUser.current()
        let folder = try ServerFolder.make(in: nil, owner: user)
        let supervisor = try ServerSupervisor(
            folder: folder, binaries: binaries, user: user, fsync: false, settings: [:])
        let backend = try PostgresConnection(dsn: "host=\(folder) user=postgres").execute(
            "SELECT pg_backend_pid() AS p")[0].integer("p")
        close(supervisor.socket)
        var status: Int32 = 0
        #expect(waitpid(supervisor.shell, &status, 0) == supervisor.shell)
        #expect(access(folder, F_OK) != 0)
        #expect(kill(pid_t(backend), 0) != 0)
    }

    @Test func restartKeepsTheData() async throws {
        try await withPrivatePostgres { server in
            try PostgresConnection(dsn: server.dsn()).execute("CREATE TABLE t AS SELECT 42 AS i")
            try server.halt()
            #expect(throws: PostgresError.self) { try PostgresConnection(dsn: server.dsn()) }
            try server.restart()
            #expect(try PostgresConnection(dsn: server.dsn()).execute("SELECT i FROM t")[0].integer("i") == 42)
        }
    }

    @Test func impossibleFolderIsAnError() {
        #expect(throws: PrivatePostgresError.self) { try PrivatePostgres.start(directory: "/nonexistent") }
        let error = #expect(throws: PrivatePostgresError.self) { try PrivatePostgres.start(directory: "/proc") }
        #expect(error.map { "\($0)" }?.hasPrefix("/proc") == true)
    }
}
