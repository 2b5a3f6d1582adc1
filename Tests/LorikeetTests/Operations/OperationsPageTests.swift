import Foundation
import TestSupport
import Testing

@testable import Connectors
@testable import Lab

/// The sections *Back up*, *Restore* and *Upgrade* of `docs/operations.md`, taken from the page and run in its order.
@Suite(.scratch, .timeLimit(.minutes(5))) struct OperationsPageTests {
    private static let sections = ["Back up", "Restore", "Upgrade"]

    /// What is lost between backup and restore.
    enum Loss: CaseIterable {
        /// The machine: its database and its files.
        case machine
        /// Rows, by a mistake; the schema and the files are there.
        case rows

        func happen(to administrator: Administrator) async throws {
            switch self {
            case .machine:
                try await administrator.administer("DROP DATABASE lorikeet WITH (FORCE)")
                try await administrator.administer("CREATE DATABASE lorikeet")
                for folder in ["etc/lorikeet", "var/lib/lorikeet"] {
                    try FileManager.default.removeItem(atPath: administrator.root.path(folder))
                }
            case .rows:
                try await administrator.database.execute("DELETE FROM lorikeet.labels")
                try await administrator.database.execute("UPDATE lorikeet.adapters SET state = 'retired'")
            }
        }
    }

    @Test(arguments: Loss.allCases) func aRestoredServiceIsTheOneThatWasBackedUp(_ loss: Loss) async throws {
        try await Administrator.with { administrator in
            try await administrator.shell(
                "runuser -u postgres -- lorikeet migrate --database postgresql:///lorikeet --role lorikeet")
            try await administrator.importAdapter()
            try await administrator.label(12)
            try await administrator.annotate()
            let adapters = try await administrator.adapters()
            let (tables, files) = (try await administrator.tables(), try administrator.files())
            #expect(adapters.contains("\"live\""))
            #expect(try await administrator.labelCount() == 12)
            #expect(files["var/lib/lorikeet/group-instance-tickets"] != nil)

            try await administrator.follow("Back up")
            let backups = administrator.root.content("var/backups")
            #expect(backups == ["lorikeet.dump", "lorikeet.tar.gz"])
            for name in backups {
                let path = administrator.root.path("var/backups/" + name)
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name) has texts or credentials")
            }
            try await administrator.label(3)
            #expect(try await administrator.labelCount() == 15)
            try await loss.happen(to: administrator)

            var isCompared = false
            try await administrator.follow("Restore") { command in
                guard command.hasPrefix("as_service lorikeet replay") else { return }
                let (restoredTables, restoredFiles) = (try await administrator.tables(), try administrator.files())
                #expect(restoredTables == tables)
                #expect(restoredFiles == files)
                isCompared = true
            }
            #expect(isCompared)
            #expect(try await administrator.labelCount() == 15)
            #expect(try await administrator.adapters() == adapters)
        }
    }

    @Test func anUpgradeMigratesBeforeTheNewProgramStarts() async throws {
        try await Administrator.with { administrator in
            // The grants of this version name tables that the one before does not have.
            let before = try await Schema.migrate(
                PostgresSettings(dsn: administrator.database.dsn), grantingTo: nil,
                migrations: Array(Migration.all.dropLast()))
            #expect(before.after == Schema.expectedVersion - 1)
            try await administrator.annotate()
            // What `dpkg-deb` would unpack.
            try administrator.link("opt/lorikeet-new/usr/bin/lorikeet")

            try await administrator.follow("Upgrade")
            let version = "SELECT max(version) FROM lorikeet.schema_migrations"
            #expect(try await administrator.database.number(version) == Schema.expectedVersion)
            #expect(!administrator.root.exists("opt/lorikeet-new"))
            #expect(try await administrator.database.number("SELECT count(*) FROM lorikeet.annotations") == 1)
            // The daemon's role has what the new version needs.
            try await administrator.importAdapter()
            try await administrator.label(4)
            #expect(try await administrator.labelCount() == 4)
        }
    }

    /// The old program cannot start with a new schema, nor the new one with an old schema.
    @Test func anUpgradeInstallsAfterTheMigration() throws {
        let commands = try OperationsPage().commands(of: "Upgrade")
        let order = ["dpkg-deb", "runuser", "apt-get"].map { program in
            commands.firstIndex { Administrator.program(of: $0) == program }
        }
        let found = order.compactMap { $0 }
        #expect(found.count == order.count && found == found.sorted(), "\(commands)")
    }

    @Test func everyProgramThatIsSkippedIsOnThePage() throws {
        let page = try OperationsPage()
        let programs = Set(Self.sections.flatMap(page.commands).map(Administrator.program))
        #expect(Administrator.skipped.isSubset(of: programs), "\(programs)")
    }
}
