import FoundationEssentials
import LocalServers
import Threading

/// What a PostgreSQL server has done since this was made.
struct ServerLoad {
    /// Counters of the database.
    struct Counters: Sendable {
        var statements: Int
        var rows: Int
    }

    /// What was done.
    struct Figures: Sendable {
        /// Transactions; a statement outside one is a transaction of its own.
        var statements: Int
        /// Rows that scans returned.
        var rows: Int
        /// Processor time of all processes of the server.
        var processorSeconds: Double
        var seconds: Double

        func perSecond(_ count: Int) -> Double { Double(count) / seconds }
    }

    private let server: Int
    private let counters: Counters
    private let processorSeconds: Double
    private let begun = ContinuousClock.now

    init(of postgres: PrivatePostgres, through database: LabDatabase, at counters: Counters) throws {
        let path = "\(postgres.folder)/data/postmaster.pid"
        guard let line = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").first,
            let server = Int(line)
        else { throw LabError("\(path) does not name a process") }
        (self.server, self.counters) = (server, counters)
        processorSeconds = try ProcessorUse.total(ofServer: server)
    }

    func since(_ database: LabDatabase) async throws -> Figures {
        let now = try await database.loadCounters()
        return Figures(
            statements: now.statements - counters.statements, rows: now.rows - counters.rows,
            processorSeconds: try ProcessorUse.total(ofServer: server) - processorSeconds,
            seconds: begun.duration(to: .now).inSeconds)
    }
}

extension LabDatabase {
    func loadCounters() throws -> ServerLoad.Counters {
        let result = try execute(
            """
            SELECT xact_commit + xact_rollback AS statements, tup_returned AS rows FROM pg_stat_database
            WHERE datname = current_database()
            """)
        guard let row = result.first else { return ServerLoad.Counters(statements: 0, rows: 0) }
        return ServerLoad.Counters(
            statements: Int(try row.integer("statements")), rows: Int(try row.integer("rows")))
    }
}
