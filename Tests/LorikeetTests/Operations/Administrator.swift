import BERT
import Connectors
import Foundation
import LocalServers
import TestSupport
import Testing

@testable import Lab

/// Someone who follows `docs/operations.md` on a machine of their own: a folder that stands for `/`, a PostgreSQL with
/// a database `lorikeet` and a role `lorikeet`, and a broker with a topic `tickets`.
final class Administrator {
    private static let topic = "tickets"
    private static let labels = ["minus", "plus"]

    let root: Scratch
    let server: PrivatePostgres
    let page: OperationsPage
    /// The database `lorikeet`, as its owner.
    let database: LabDatabase
    private let producer: LabProducer
    private let environment: [String: String]

    /// Runs `body` with an administrator who has installed the service, without a schema.
    static func with(_ body: (Administrator) async throws -> Void) async throws {
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: [topic: 1]) { broker in
                let administrator = try Administrator(server: server, broker: broker)
                try await administrator.administer("CREATE ROLE lorikeet LOGIN")
                try await administrator.administer("CREATE DATABASE lorikeet")
                try await body(administrator)
                await administrator.database.close()
            }
        }
    }

    private init(server: PrivatePostgres, broker: EmbeddedBroker) throws {
        root = try Scratch()
        page = try OperationsPage()
        self.server = server
        database = LabDatabase(dsn: server.dsn(database: "lorikeet"))
        producer = try LabProducer(
            brokers: broker.bootstrapServers, topic: Self.topic,
            properties: ["linger.ms": "0", "message.timeout.ms": "30000"])
        let inherited = ProcessInfo.processInfo.environment
        environment = inherited.filter { !$0.key.hasPrefix("PG") && $0.key != "DATABASE_URL" }.merging([
            "PATH": root.path("bin") + ":" + (inherited["PATH"] ?? "/usr/bin:/bin"),
            "PGHOST": server.folder, "PGPORT": "5432",
        ]) { $1 }
        try install(brokers: broker.bootstrapServers)
    }

    // MARK: - The machine

    /// What the package and the section *Install* put there, and the state directory.
    private func install(brokers: String) throws {
        for folder in [
            "bin", "var/backups", "etc/lorikeet/pipelines", "etc/lorikeet/credentials", "var/lib/lorikeet/models",
            "var/lib/lorikeet/adapters",
        ] {
            try FileManager.default.createDirectory(atPath: root.path(folder), withIntermediateDirectories: true)
        }
        try root.write("etc/lorikeet/environment", "KAFKA_BROKERS=\(brokers)\n")
        try root.write("etc/lorikeet/credentials/database-url", "postgresql:///lorikeet\n")
        try root.write(
            "etc/lorikeet/pipelines/tickets.yaml",
            """
            name: tickets
            base: models/base
            source:
              kafka: { brokers: "${KAFKA_BROKERS}", topics: [tickets], group: tickets }
            tasks:
              mood: { labels: [minus, plus], adapter: adapters/mood }
            batch: { max_tokens: 32 }
            sink: { postgres: "${credential:database-url}" }

            """)
        let base = try BERTBase(directory: TinyBase.write(to: root, name: "var/lib/lorikeet/models/base"))
        try TestModels.adapter(over: base, labels: Self.labels, task: "mood")
            .write(to: root.path("var/lib/lorikeet/adapters/mood"))
        try root.write("var/lib/lorikeet/group-instance-tickets", "0123456789abcdef\n")
        try installPrograms()
    }

    /// Lorikeet on the PATH, and stand-ins for two programs that need the rights of root: they run the command with the
    /// user's name for the database, and with the folder, the variables and the credentials of the unit.
    private func installPrograms() throws {
        try link("bin/lorikeet")
        try root.write(
            "bin/runuser",
            """
            #!/bin/bash
            [[ $1 == -u && $3 == -- ]] || exit 64
            export PGUSER=$2
            exec "${@:4}"

            """)
        try root.write(
            "bin/systemd-run",
            """
            #!/bin/bash
            set -e
            while [[ $1 == --* ]]; do
                case $1 in
                --quiet | --pipe | --wait | --collect) ;;
                --uid=*) export PGUSER=${1#*=} ;;
                --working-directory=*) cd "${1#*=}" ;;
                --property=EnvironmentFile=-*) set -a; . "${1#*=-}"; set +a ;;
                --property=LoadCredential=database-url:*/database-url)
                    credential=${1##*:}
                    export CREDENTIALS_DIRECTORY=${credential%/*} ;;
                *) echo "systemd-run: $1" >&2; exit 64 ;;
                esac
                shift
            done
            exec "$@"

            """)
        for program in ["runuser", "systemd-run"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root.path("bin/" + program))
        }
    }

    /// Puts the program at a place, with its folder.
    func link(_ name: String) throws {
        let place = URL(fileURLWithPath: root.path(name))
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: place.path, withDestinationPath: try BuiltProgram.url().path)
    }

    // MARK: - Commands

    /// What needs packages or a running systemd. `make test-systemd` runs the commands of an installation and of an
    /// upgrade, these too and in their order.
    static let skipped: Set<String> = ["apt-get", "dpkg-deb", "systemctl"]

    /// Runs the commands of a section in their order.
    ///
    /// - Parameter before: called before each command that is run.
    func follow(_ section: String, before: (String) async throws -> Void = { _ in }) async throws {
        let commands = page.commands(of: section)
        try #require(!commands.isEmpty, "docs/operations.md has no commands under \(section)")
        for command in commands where !Self.skipped.contains(Self.program(of: command)) {
            try await before(command)
            try await shell(command)
        }
    }

    /// `systemctl` of "systemctl stop lorikeet".
    static func program(of command: String) -> String { String(command.prefix { $0 != " " }) }

    /// Runs a command of the page on this machine, behind the function of *Commands as the service*. It must succeed.
    @discardableResult
    func shell(_ command: String) async throws -> Program.Outcome {
        let functions = page.blocks(of: "Commands as the service")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", onThisMachine((functions + [command]).joined(separator: "\n"))]
        process.currentDirectoryURL = URL(fileURLWithPath: root.folder)
        process.environment = environment
        let outcome = try await Program.outcome(of: process)
        try #require(outcome.status == 0, "\(command)\n\(outcome.output)\(outcome.error)")
        return outcome
    }

    /// The command with this machine's folders in place of the page's.
    private func onThisMachine(_ command: String) -> String {
        let folders = ["/var/backups/", "/var/lib/lorikeet", "/etc/lorikeet/", "/opt/lorikeet-new"]
        let moved = folders.reduce(command) { $0.replacing($1, with: root.folder + $1) }
        // The embedded broker finds no records by their time.
        return moved.replacing("tar -C / ", with: "tar -C \(root.folder) ")
            .replacing("--from TIME", with: "--offsets \(Self.topic):0:0-")
    }

    /// Runs a statement outside of the database `lorikeet`.
    func administer(_ statement: String) async throws {
        let session = LabDatabase(dsn: server.dsn())
        try await session.execute(statement)
        await session.close()
    }

    // MARK: - Work

    /// Makes the adapter in the state directory the live one.
    func importAdapter() async throws {
        let pipeline = "/etc/lorikeet/pipelines/tickets.yaml"
        try await shell(
            "cd /var/lib/lorikeet && . /etc/lorikeet/environment && export KAFKA_BROKERS && "
                + "export CREDENTIALS_DIRECTORY=/etc/lorikeet/credentials && "
                + "runuser -u postgres -- lorikeet adapters import mood adapters/mood --pipeline \(pipeline) --promote")
    }

    /// Produces texts, and has all that the topic has labelled, with the privileges of the role `lorikeet`.
    func label(_ count: Int) async throws {
        let messages = TinyBase.rows(count).map {
            LabProducer.Message(key: nil, payload: Array($0.text.utf8), partition: 0)
        }
        try await producer.produce(messages)
        try await producer.flush(within: .seconds(30))
        try await shell("as_service lorikeet replay --pipeline /etc/lorikeet/pipelines/tickets.yaml --from TIME")
    }

    /// How many rows the table `labels` has.
    func labelCount() async throws -> Int { try await database.number("SELECT count(*) FROM lorikeet.labels") }

    /// A person's answer.
    func annotate() async throws {
        try await database.execute(
            """
            INSERT INTO lorikeet.annotations (task, text, label, annotator)
            VALUES ('mood', 'the film was good', 'plus', 'kim')
            """)
    }

    // MARK: - What there is

    /// The registry, as the administrator sees it.
    func adapters() async throws -> String {
        try await shell("runuser -u postgres -- lorikeet adapters list --database postgresql:///lorikeet --json").output
    }

    /// Number and digest of the rows per table, but for `schema_migrations`: `migrate` notes there up to when it has
    /// looked for texts to move.
    func tables() async throws -> [String: String] {
        let names = try await database.execute(
            """
            SELECT tablename::text AS name FROM pg_tables
            WHERE schemaname = 'lorikeet' AND tablename <> 'schema_migrations'
            """)
        var tables: [String: String] = [:]
        for row in names.rows {
            let name = try row.text("name")
            let content = try await database.execute(
                """
                SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS content
                FROM lorikeet."\(name)" AS t
                """)
            tables[name] = try #require(content.first).text("content")
        }
        return tables
    }

    /// The configuration and the state directory: the bytes of each file.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for folder in ["etc/lorikeet", "var/lib/lorikeet"] {
            let names = FileManager.default.enumerator(atPath: root.path(folder))?.compactMap { $0 as? String } ?? []
            for name in names {
                files["\(folder)/\(name)"] = FileManager.default.contents(atPath: root.path(folder + "/" + name))
            }
        }
        return files
    }
}
