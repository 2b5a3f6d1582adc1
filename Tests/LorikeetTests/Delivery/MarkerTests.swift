import BERT
import Foundation
import KafkaClient
import LocalServers
import TestSupport
import Testing

@testable import Lab

/// Texts and passwords are in nothing that the program writes: every path is flooded with a marker, and everything that
/// came out is searched for it.
@Suite(.scratch, .serialized, .timeLimit(.minutes(10))) struct MarkerTests {
    private static let text = "Zx9MarkerTextQ7"
    private static let password = "Zx9MarkerPasswordQ7"
    private static let broken = #"{"type":"record","name":"Broken""#
    private static let schema =
        #"{"type":"record","name":"T","fields":[{"name":"kind","type":"string"},{"name":"text","type":"string"}]}"#

    /// A record of the topic, and the metric label `cause` of its rejection; nil if the test does not look for one.
    private struct Sample {
        let payload: [UInt8]?
        var key = Array(MarkerTests.text.utf8)
        let cause: String?
    }

    private static func json(_ fields: String) -> [UInt8] { Array("{\(fields)}".utf8) }
    private static func noise(_ words: String) -> [UInt8] { json(#""kind":"noise","text":"\#(text) \#(words)""#) }
    private static func framed(_ schema: UInt8, _ body: [UInt8]) -> [UInt8] { [0, 0, 0, 0, schema] + body }
    /// A string in Avro, of at most 63 bytes.
    private static func avro(_ text: String) -> [UInt8] { [UInt8(text.utf8.count * 2)] + Array(text.utf8) }

    private static let samples: [Sample] =
        (0..<20).map { Sample(payload: noise("of the river \($0)"), cause: nil) } + [
            Sample(payload: framed(1, avro("noise") + avro(text)), cause: nil),
            Sample(
                payload: noise("that cannot be published"), key: Array(String(repeating: text, count: 200).utf8),
                cause: nil),
            Sample(payload: nil, cause: "no-payload"),
            Sample(payload: Array("{\"kind\":\"noise\",\"text\":\"\(text)".utf8), cause: "not-json"),
            Sample(payload: Array(text.utf8) + [0xFF, 0xC0] + Array(text.utf8), cause: "not-utf8"),
            Sample(payload: json(#""kind":"noise","body":"\#(text)""#), cause: "no-text"),
            Sample(payload: json(#""kind":"noise","text":{"a":"\#(text)"}"#), cause: "not-a-string"),
            Sample(payload: json(#""kind":"\#(text)","text":"\#(text)""#), cause: "unrouted"),
            Sample(payload: noise(String(repeating: "\(text) ", count: 80_000)), cause: "too-large"),
            Sample(payload: noise("bad"), cause: "23514"), Sample(payload: noise("raise"), cause: "P0001"),
            Sample(payload: noise("number"), cause: "22P02"), Sample(payload: noise("encoding"), cause: "22021"),
            // A schema that the registry does not know, one that is none, and a payload that does not have it.
            Sample(payload: framed(7, Array(text.utf8)), cause: nil),
            Sample(payload: framed(8, Array(text.utf8)), cause: nil),
            Sample(payload: framed(1, Array(text.utf8)), cause: nil),
        ]

    /// Refuses rows with the words of their text, in whatever table texts are.
    private static let refusals = """
        CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.text LIKE '% raise' THEN RAISE EXCEPTION 'no: %', NEW.text; END IF;
            IF NEW.text LIKE '% number' THEN PERFORM NEW.text::integer; END IF;
            IF NEW.text LIKE '% encoding' THEN PERFORM convert_from(NEW.text::bytea || '\\xff', 'UTF8'); END IF;
            RETURN NEW;
        END $$;
        DO $$ DECLARE place regclass; BEGIN
            FOREACH place IN ARRAY ARRAY[to_regclass('lorikeet.labels'), to_regclass('lorikeet.messages')] LOOP
                CONTINUE WHEN place IS NULL;
                EXECUTE format('CREATE TRIGGER refuse BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION '
                    'public.refuse()', place);
                EXECUTE format('ALTER TABLE %s ADD CONSTRAINT decent CHECK (text NOT LIKE ''%% bad'')', place);
            END LOOP;
        END $$;
        """

    private static let roles = """
        CREATE ROLE password_required;
        CREATE ROLE labeller LOGIN PASSWORD '\(password)' IN ROLE password_required
        """

    private static let annotations = """
        INSERT INTO lorikeet.annotations (task, text, label)
        SELECT 'noise', '\(text) ' || CASE WHEN n % 7 = 0 THEN 'the same' ELSE n::text END,
            (ARRAY['calm', 'loud', 'unheard'])[1 + n % 3]
        FROM generate_series(1, 60) AS n
        """

    private func pipeline(_ scratch: Scratch, registry: String) throws -> String {
        let base = try TinyBase.write(to: scratch)
        try TestModels.adapter(over: BERTBase(directory: base), labels: ["calm", "loud"], task: "noise", seed: 1).write(
            to: scratch.path("noise"))
        return try scratch.write(
            "marked.yaml",
            """
            name: marked
            base: "\(base)"
            source:
              kafka:
                brokers: "${KAFKA_BROKERS}"
                topics: [texts]
                group: marked
                properties: { session.timeout.ms: 6000, heartbeat.interval.ms: 600, sasl.password: "${PASSWORD}" }
              format: auto
              schema_registry: { url: "\(registry)", username: reader, password: "${PASSWORD}" }
              text: /text
            routes: [{ when: { json: { /kind: noise } }, tasks: [noise] }]
            tasks:
              noise: { labels: [calm, loud], adapter: "\(scratch.path("noise"))" }
            batch: { tokens: 128, delay: 5ms, max_tokens: 32 }
            sink:
              postgres: "${DATABASE_URL}"
              kafka: { topic: labels, properties: { message.max.bytes: 1500 } }
            rejected: { kafka: { topic: rejects } }
            retrain: { every: 1h, epochs: 1, rank: 2 }
            examples: [{ text: "\(Self.text)", task: noise, label: calm }]
            """)
    }

    @Test func nothingThatIsWrittenHasATextOrAPassword() async throws {
        let scratch = try Scratch()
        let registry = try RegistryServer()
        registry.register(1, schema: Self.schema)
        registry.set("/schemas/ids/8", #"{"schema":"\#(Self.broken.replacing("\"", with: "\\\""))"}"#)
        let pipeline = try pipeline(scratch, registry: registry.url)
        try await withPrivatePostgres { server in
            try await withEmbeddedBroker(topics: ["texts": 1, "labels": 1, "rejects": 1]) { broker in
                let owner = LabDatabase(dsn: server.dsn())
                try await owner.executeScript(Self.roles)
                let environment = [
                    "KAFKA_BROKERS": broker.bootstrapServers, "PASSWORD": Self.password,
                    "DATABASE_URL": server.dsn(user: "labeller", password: Self.password),
                ]
                let granted = try await Program.run(["migrate", "--database", server.dsn(), "--role", "labeller"])
                #expect(granted.status == 0, "\(granted.error)")
                try await owner.executeScript(Self.refusals)
                try await owner.executeScript(Self.annotations)

                var said = try await sayings(of: pipeline, environment, scratch, owner, broker, registry)
                for command in try Self.commands(pipeline, scratch) {
                    let outcome = try await Program.run(command.arguments, environment: environment)
                    let name = command.arguments.joined(separator: " ")
                    #expect(outcome.status != 64, "\(name): \(outcome.error)")
                    said.append((name, command.printsTexts ? outcome.error : outcome.output + outcome.error))
                }
                await owner.close()
                for (place, text) in said {
                    for marker in [Self.text, Self.password] {
                        let found = text.range(of: marker)
                        #expect(found == nil, "\(place): …\(found.map { text[..<$0.lowerBound].suffix(300) } ?? "")")
                    }
                }
            }
        }
    }

    /// Commands that read or write texts. Some print texts, for people; nothing else that they write has one.
    private static func commands(
        _ pipeline: String, _ scratch: Scratch
    ) throws -> [(arguments: [String], printsTexts: Bool)] {
        let rows = try scratch.write("rows.jsonl", "{\"text\":\"\(text) in a file\"}\n\(text)\n")
        let answers = try scratch.write(
            "answers.jsonl",
            "{\"text\":\"\(text) answered\",\"label\":\"calm\"}\n{\"text\":\"\(text) unknown\",\"label\":\"x\"}\n")
        let silent = [
            ["retrain", "noise"], ["retrain", "noise", "--json"], ["rejected", "retry", "--all"],
            ["replay", "--offsets", "texts:0:0-30"],
            ["replay", "--offsets", "texts:0:0-30", "--log-format", "json", "--json"],
            ["label", "--input", rows, "--time", "2026-01-31"],
            ["label", "--input", rows, "--time", "2026-01-31", "--log-format", "json"],
            ["annotations", "import", "noise", "--input", answers, "--annotator", "kim", "--skip-bad-rows"],
            ["relabel"], ["relabel", "--log-format", "json", "--json"],
        ]
        let telling = [
            ["relabel", "--dry-run"], ["annotations", "queue", "noise"], ["annotations", "review", "noise"],
        ]
        let others = [
            ["check", pipeline], ["check", "--offline", pipeline], ["rejected", "list", "--json"],
            ["adapters", "list"], ["retrainings", "list"],
            // Last: it deletes.
            ["forget", "--key", text, "--dry-run"], ["forget", "--key", text, "--json"],
        ]
        var commands = silent.map { (arguments: $0 + ["--pipeline", pipeline], printsTexts: false) }
        commands += telling.map { (arguments: $0 + ["--pipeline", pipeline], printsTexts: true) }
        commands += others.map { (arguments: $0, printsTexts: false) }
        return commands
    }

    /// Runs a daemon over all samples, through an outage of the registry and to a changed password.
    ///
    /// - Returns: all that it wrote, by place.
    private func sayings(
        of pipeline: String, _ environment: [String: String], _ scratch: Scratch, _ owner: LabDatabase,
        _ broker: EmbeddedBroker, _ registry: RegistryServer
    ) async throws -> [(place: String, text: String)] {
        let log = scratch.path("daemon.log")
        let runtime = try TemporaryFolder()
        defer { withExtendedLifetime(runtime) {} }
        let systemd = ["RUNTIME_DIRECTORY": runtime.path]
        let daemon = try await DaemonProcess.start(
            program: BuiltProgram.url().path, pipeline: pipeline, options: ["--log-level", "trace"],
            environment: environment.merging(systemd) { $1 }, log: log)
        defer { if daemon.isRunning { daemon.signal(SIGKILL) } }
        func written() throws -> String { try String(contentsOfFile: log, encoding: .utf8) }
        func until(_ event: String, _ holds: () async throws -> Bool) async throws {
            do { try await Waiting.until(event, within: .seconds(120), holds) } catch let error as LabError {
                throw LabError("\(error)\n\(DaemonProcess.Log.tail(of: log, lines: 30))")
            }
        }
        func settled() async throws -> Int {
            try await owner.number(
                "SELECT count(*) FROM (SELECT \"offset\" FROM lorikeet.labels UNION "
                    + "SELECT \"offset\" FROM lorikeet.rejected) AS ended")
        }

        try produce(Self.samples, broker)
        try await until("the samples have not ended") { try await settled() == Self.samples.count }
        try await until("no publication was refused") { try written().contains("broker refused a record") }
        registry.state.update { $0.outage = .init(status: 500, body: Self.text + Self.password) }
        try produce([Sample(payload: Self.framed(9, Array(Self.text.utf8)), cause: nil)], broker)
        try await until("the registry is available") { try written().contains("registry unavailable") }
        registry.state.update { $0.outage = nil }
        try await until("the last record has not ended") { try await settled() == Self.samples.count + 1 }

        let pages = try await pages(of: daemon, systemd)
        let causes = try #require(pages.first).text
        for cause in Self.samples.compactMap(\.cause) { #expect(causes.contains("cause=\"\(cause)\""), "\(cause)") }
        try await owner.executeScript(
            """
            ALTER ROLE labeller PASSWORD 'another';
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'labeller'
            """)
        try produce([Sample(payload: Self.noise("after the password"), cause: nil)], broker)
        #expect(await daemon.exitStatus() == 78)
        try await owner.executeScript("ALTER ROLE labeller PASSWORD '\(Self.password)'")
        let lines = try written()
        #expect(lines.contains("record rejected") && lines.contains("batch refused, bisecting"))
        return pages + [("the log", lines)]
    }

    /// What the daemon says of itself: at its port first, then on its socket.
    private func pages(
        of daemon: DaemonProcess, _ systemd: [String: String]
    ) async throws -> [(place: String, text: String)] {
        var pages = ["/metrics", "/readyz", "/healthz", "/version"].compactMap { page in
            daemon.page(page).map { (place: page, text: $0.body) }
        }
        for command in [["status"], ["status", "--json"]] {
            let outcome = try await Program.run(command, environment: systemd)
            #expect(outcome.status == 0 && outcome.output.contains("marked"), "\(outcome.error)")
            pages.append((command.joined(separator: " "), outcome.output + outcome.error))
        }
        return pages
    }

    private func produce(_ samples: [Sample], _ broker: EmbeddedBroker) throws {
        let producer = try broker.makeProducer(["message.max.bytes": "4000000"])
        for sample in samples {
            try producer.produce(
                topic: "texts", partition: 0, key: sample.key, payload: sample.payload,
                headers: [
                    KafkaHeader(name: "traceparent", value: Array(Self.text.utf8)),
                    KafkaHeader(name: Self.text, value: Array(Self.text.utf8)),
                ])
        }
        try producer.flush(timeout: .seconds(30))
    }
}
