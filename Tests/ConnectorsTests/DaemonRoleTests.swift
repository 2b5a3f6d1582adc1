import PostgresClient
import Serving
import Testing

@testable import Connectors

@Suite struct DaemonRoleTests {
    @Test func aDaemonRoleStoresLabelsAndRejections() async throws {
        let database = try await SchemaDatabase.make()
        let role = try await database.makeDaemonRole()
        let sink = PostgresLabelSink(database.settings(user: role), pipeline: "packages")

        let receipt = try await sink.store([Samples.labelled(0), Samples.rejected(1)])
        _ = try await sink.store([Samples.rejected(0), Samples.labelled(1)])

        #expect(receipt == StoreReceipt(labelled: 1, rejected: 1))
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels WHERE \"offset\" = 1") == 1)
        await sink.close()
    }

    @Test func aDaemonRoleRetrains() async throws {
        let database = try await SchemaDatabase.make()
        let rows = PostgresLabelledRowSource(database.settings(user: try await database.makeDaemonRole()))
        let id = try await rows.begin(task: "section", trigger: .command, champion: nil)
        try await rows.finish(id, verdict: .skipped, reason: "no rows", rowsUsed: 0, challenger: nil)
        #expect(try await rows.rows(task: "section", limit: 10).isEmpty)
        await rows.close()
    }

    @Test(arguments: [
        "CREATE TABLE lorikeet.mine (id int)", "ALTER TABLE lorikeet.labels ADD mine int",
        "DROP TABLE lorikeet.rejected",
        "CREATE SCHEMA mine", "TRUNCATE lorikeet.labels", "DELETE FROM lorikeet.adapters",
        "DELETE FROM lorikeet.annotations",
        "INSERT INTO lorikeet.annotations (task, text, label) VALUES ('a', 'b', 'c')",
        "DELETE FROM lorikeet.schema_migrations",
        "INSERT INTO lorikeet.schema_migrations (version, name) VALUES (99, 'mine')",
        "CREATE TABLE public.mine (id int)",
    ])
    func daemonRoleMayNot(_ statement: String) async throws {
        let database = try await SchemaDatabase.make()
        let connection = try database.connect(user: try await database.makeDaemonRole())
        defer { connection.close() }
        let error = #expect(throws: PostgresError.self) { try connection.execute(statement) }
        #expect(error?.sqlState == "42501")
    }

    @Test func missingPrivilegesAreNamed() async throws {
        let database = try await SchemaDatabase.make()
        let role = try await database.makeDaemonRole()
        try database.sql("REVOKE DELETE, UPDATE ON lorikeet.rejected FROM \(role)")
        let sink = PostgresLabelSink(database.settings(user: role), pipeline: "packages")

        let error = await #expect(throws: ConnectorError.self) { try await sink.store([Samples.labelled(0)]) }

        #expect(error?.action == .stop)
        #expect(error?.reason.contains("UPDATE on lorikeet.rejected, DELETE on lorikeet.rejected") == true)
        #expect(error?.reason.contains("lorikeet migrate --role ROLE") == true)
    }

    @Test func unknownRoleIsRefusedAndNothingMade() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let error = await #expect(throws: ConnectorError.self) {
            try await Schema.migrate(database.settings(), grantingTo: "nobody \"here\"")
        }
        #expect(error?.cause == "42704")
        #expect(error?.action == .stop)
        #expect(try await Schema.version(database.settings()) == 0)
    }

    /// As `createuser` makes it. A second migration finds the role, and a role with rights of its own keeps them.
    @Test func aMissingRoleIsCreatedOnRequest() async throws {
        let database = try await SchemaDatabase.make(isMigrated: false)
        let role = "labels \"\(UInt32.random(in: 0 ... .max))\""
        for _ in 1...2 { try await Schema.migrate(database.settings(), grantingTo: role, createsRole: true) }
        defer {
            let name = SQLQuoting.identifier(role)
            _ = try? database.sql("DROP OWNED BY \(name); DROP ROLE \(name)")
        }

        let sink = PostgresLabelSink(database.settings(user: role), pipeline: "packages")
        #expect(try await sink.store([Samples.labelled(0)]) == StoreReceipt(labelled: 1, rejected: 0))
        await sink.close()
        let rights = "SELECT count(*) FROM pg_roles WHERE rolname = '\(role)' AND rolcanlogin AND NOT rolsuper"
        #expect(try database.count(rights + " AND NOT rolcreatedb AND NOT rolcreaterole") == 1)
    }

    @Test func grantsQuoteTheRole() {
        #expect(Schema.grants(to: "a \"b\"").first == "GRANT USAGE ON SCHEMA lorikeet TO \"a \"\"b\"\"\"")
    }
}
