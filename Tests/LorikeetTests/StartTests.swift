import Foundation
import TestSupport
import Testing

@testable import Connectors
@testable import Lab

/// What an administrator reads when a daemon cannot start as it should: the reason and the remedy, with the exit status
/// by which systemd decides. 78: a person must act; 1: it starts again.
@Suite(.scratch, .timeLimit(.minutes(5))) struct StartTests {
    /// Runs a daemon that is expected to end by itself. Neither its database nor its broker need to be there.
    private static func refusal(
        _ file: String, _ options: [String] = ["--no-http"], _ environment: [String: String] = [:]
    ) async throws -> Program.Outcome {
        try await Program.run(["run"] + options + [file], environment: environment)
    }

    /// Runs `body` beside a daemon, once its log has a line; the daemon must end by SIGTERM.
    private static func beside(
        _ file: String, _ options: [String], _ environment: [String: String], onceLogged line: String,
        _ body: (_ processID: Int32, _ log: String) async throws -> Void
    ) async throws {
        let log = try Scratch()
        let process = try Program.make(["run"] + options + [file], environment: environment)
        process.standardError = try log.newFile("log")
        let running = try Program.start(process)
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        try await Waiting.until("no \(line): \((try? log.text("log")) ?? "")", within: .seconds(60)) {
            try log.text("log").contains(line)
        }
        try await body(process.processIdentifier, log.text("log"))
        kill(process.processIdentifier, SIGTERM)
        #expect(await running.status == 0)
    }

    /// A folder in its place: root may read every file.
    @Test func aCredentialThatCannotBeRead() async throws {
        let (scratch, file) = try MoodPipeline.write(dsn: "${credential:database-url}")
        try FileManager.default.createDirectory(
            atPath: scratch.path("credentials/database-url"), withIntermediateDirectories: true)
        let outcome = try await Self.refusal(
            file, ["--no-http"], ["CREDENTIALS_DIRECTORY": scratch.path("credentials")])
        #expect(outcome.status == 78)
        #expect(outcome.error.contains("\(file):8:"), "\(outcome.error)")
        #expect(
            outcome.error.contains(
                "sink.postgres: the credential database-url in CREDENTIALS_DIRECTORY cannot be read: check its owner "
                    + "and mode"), "\(outcome.error)")
    }

    @Test func aPortThatIsTaken() async throws {
        let (_, file) = try MoodPipeline.write()
        let server = try RegistryServer()
        let address = server.url.replacing("http://", with: "")
        let outcome = try await Self.refusal(file, ["--http", address])
        #expect(outcome.status == 1)
        #expect(
            outcome.error.contains(
                "error: cannot listen on \(address) for /metrics, /healthz and /readyz: the port is taken; choose "
                    + "another address with --http HOST:PORT (port 0: any free one)"), "\(outcome.error)")
    }

    @Test func aSocketAndAnInstanceThatAreTaken() async throws {
        let (scratch, file) = try MoodPipeline.write()
        let (socket, state) = (scratch.path("s.sock"), ["STATE_DIRECTORY": scratch.folder])
        let options = ["--no-http", "--socket", socket]
        try await Self.beside(file, options, state, onceLogged: "serving /status, /tap") { first, _ in
            // Another instance, so that the socket alone is in the way.
            let taken = try await Self.refusal(file, options)
            #expect(taken.status == 1)
            #expect(
                taken.error.contains(
                    "error: cannot listen on \(socket) for lorikeet status, top and tap: process \(first) listens "
                        + "there; choose another path with --socket PATH, or none with --no-socket"), "\(taken.error)")
            let same = try await Self.refusal(file, ["--no-http"], state)
            #expect(same.status == 78)
            #expect(same.error.contains("another daemon runs this pipeline"), "\(same.error)")
            #expect(scratch.exists("s.sock"), "the first is not disturbed")
        }
        #expect(!scratch.exists("s.sock"))
    }

    @Test func aSchemaThatIsMissingOrNewer() async throws {
        try await withTestDatabase { database in
            let (_, file) = try MoodPipeline.write(dsn: database.dsn())
            let missing = try await Self.refusal(file)
            #expect(missing.status == 78)
            #expect(missing.error.contains("run `lorikeet migrate`"), "\(missing.error)")
            #expect(try await Program.run(["migrate", "--database", database.dsn()]).status == 0)
            let connection = try database.connect()
            defer { connection.close() }
            try connection.execute("UPDATE lorikeet.schema_migrations SET version = version + 1000")
            let newer = try await Self.refusal(file)
            #expect(newer.status == 78)
            #expect(newer.error.contains("version \(Schema.expectedVersion + 1000)"), "\(newer.error)")
            #expect(newer.error.contains("install a newer lorikeet"), "\(newer.error)")
        }
    }

    /// Not even root can write there.
    @Test func aStateFolderThatIsReadOnlyOnlyCostsTheInstance() async throws {
        let (_, file) = try MoodPipeline.write()
        let state = ["STATE_DIRECTORY": "/proc/self"]
        try await Self.beside(file, ["--http", "127.0.0.1:0"], state, onceLogged: "serving /metrics") { _, log in
            #expect(log.contains("no group instance can be stored, member is dynamic"), "\(log)")
        }
    }

    @Test func aFileThatDisappearsBetweenCheckAndRun() async throws {
        let (_, file) = try MoodPipeline.write()
        #expect(try await Program.run(["check", "--offline", file]).status == 0)
        try FileManager.default.removeItem(atPath: file)
        let outcome = try await Self.refusal(file)
        #expect(outcome.status == 78)
        #expect(outcome.error.contains("\(file): ") && outcome.error.contains("no such file"), "\(outcome.error)")
    }
}
