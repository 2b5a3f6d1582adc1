import Foundation
import LocalServers
import PostgresClient
import Synchronization

/// A PgBouncer of one test in front of a private server, on a Unix socket in a temporary folder: it pools transactions
/// over three server connections per database and user, and ends with this process.
///
/// A shell supervises it and waits on a pipe whose other end only this process has. PgBouncer refuses to run as root,
/// so it runs as the server's own user, who alone may reach the server's socket.
public final class PrivatePgBouncer: Sendable {
    private let folder: TemporaryFolder
    private let owner: stat

    // MARK: - Mutable State

    private struct Running {
        let process: Process
        /// Any byte, or its end, ends PgBouncer.
        let commands: Pipe
        /// Signalled once PgBouncer has ended.
        let isGone: DispatchSemaphore
    }

    private let running = Mutex<Running?>(nil)

    /// - Parameters:
    ///   - users: who may connect, without a password.
    ///   - settings: of PgBouncer's section, as in `query_wait_timeout: 1`.
    fileprivate init(before server: PrivatePostgres, users: [String], settings: [String: String]) throws {
        folder = try TemporaryFolder()
        var owner = stat()
        guard stat(server.folder, &owner) == 0 else { throw CocoaError(.fileNoSuchFile) }
        self.owner = owner
        let lines = [
            "pool_mode": "transaction", "default_pool_size": "3", "max_client_conn": "100", "listen_addr": "",
            "listen_port": "6432", "unix_socket_dir": folder.path, "auth_type": "trust",
            "auth_file": "\(folder.path)/users",
            "admin_users": "postgres", "server_login_retry": "0.2",
        ].merging(settings) { $1 }.map { "\($0) = \($1)" }.sorted()
        let configuration =
            "[databases]\n* = host=\(server.folder) port=5432\n[pgbouncer]\n\(lines.joined(separator: "\n"))\n"
        try configuration.write(toFile: "\(folder.path)/pgbouncer.ini", atomically: true, encoding: .utf8)
        let list = users.map { "\"\($0)\" \"\"\n" }.joined()
        try list.write(toFile: "\(folder.path)/users", atomically: true, encoding: .utf8)
        guard chown(folder.path, owner.st_uid, owner.st_gid) == 0 else { throw CocoaError(.fileWriteNoPermission) }
    }

    /// A `key=value` connection string.
    public func dsn(database: String, user: String = "postgres", _ more: String = "") -> String {
        "host='\(folder.path)' port=6432 dbname='\(database)' user='\(user)' \(more)"
    }

    /// A column of what PgBouncer's own console shows, one number per row, as in `SHOW POOLS`.
    public func show(_ what: String, column: String, database: String) throws -> [Int64] {
        let console = try PostgresConnection(dsn: dsn(database: "pgbouncer"), applicationName: "test")
        defer { console.close() }
        let rows = try console.executeScript("SHOW \(what)", deadline: .seconds(10)).rows
        return try rows.filter { try $0.text("database") == database }.map { try $0.integer(column) }
    }

    // MARK: - Faults

    /// Starts it and returns once it listens.
    public func start() async throws {
        let log = Watched("")
        try running.withLock { $0 = try launch(log) }
        await log.wait { $0.contains("process up") || $0.hasSuffix(Self.ended) }
        guard log.value.contains("process up") else { throw PgBouncerFailure(log: log.value) }
    }

    /// Ends it as a crash would: every connection breaks.
    public func crash() {
        let ended = running.withLock { running in
            defer { running = nil }
            return running
        }
        try? ended?.commands.fileHandleForWriting.close()
        ended?.process.waitUntilExit()
        ended?.isGone.wait()
    }

    private static let ended = "\nended\n"

    // SIGKILL, and no `wait`, because SIGTERM and SIGCHLD are blocked in what a thread of the cooperative pool starts.
    private static let script = """
        $AS /usr/sbin/pgbouncer "$FOLDER/pgbouncer.ini" </dev/null & bouncer=$!
        exec >/dev/null 2>&1
        read -r command
        kill -s KILL "$bouncer"
        """

    private func launch(_ log: Watched<String>) throws -> Running {
        let (process, commands, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script]
        let prefix = geteuid() == 0 ? "setpriv --reuid=\(owner.st_uid) --regid=\(owner.st_gid) --clear-groups" : ""
        process.environment = ["FOLDER": folder.path, "AS": prefix, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardInput = commands
        process.standardOutput = output
        process.standardError = output
        try process.run()
        // To its end, so that PgBouncer never waits for room in the pipe.
        let (reader, isGone) = (output.fileHandleForReading, DispatchSemaphore(value: 0))
        Thread {
            while true {
                let text = String(decoding: reader.availableData, as: UTF8.self)
                log.update { $0 += text.isEmpty ? Self.ended : text }
                if text.isEmpty { break }
            }
            isGone.signal()
        }.start()
        return Running(process: process, commands: commands, isGone: isGone)
    }
}

/// Why PgBouncer did not start.
public struct PgBouncerFailure: Error, CustomStringConvertible {
    /// The end of its log.
    public let log: String
    /// The end of its log, after what failed.
    public var description: String { "PgBouncer did not start (`scripts/setup` installs it): \(log)" }
}

/// Runs `body` with a PgBouncer before a server, ended afterwards.
public func withPgBouncer<Value>(
    before server: PrivatePostgres, users: [String] = ["postgres"], settings: [String: String] = [:],
    isolation: isolated (any Actor)? = #isolation, _ body: (PrivatePgBouncer) async throws -> Value
) async throws -> Value {
    let bouncer = try PrivatePgBouncer(before: server, users: users, settings: settings)
    defer { bouncer.crash() }
    try await bouncer.start()
    return try await body(bouncer)
}
