import Serving
import Testing

@testable import Connectors

/// Rows that a constraint, a column or a trigger of the user's refuses.
@Suite struct RefusedRowTests {
    private static let secret = "hunter2"

    /// Stores 64 messages, the 41st of them with a text that the statement makes impossible.
    private func storeBatch(
        refusedBy statements: [String], tasks: [String] = ["section", "role"]
    ) async throws -> (database: SchemaDatabase, receipt: StoreReceipt, statements: Int) {
        let database = try await SchemaDatabase.make()
        for statement in statements { try database.sql(statement) }
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        try await sink.connect()
        let before = await sink.statementCount
        let batch = (0..<64).map { Samples.labelled($0, text: $0 == 40 ? "\(Self.secret) bad" : "good", tasks: tasks) }
        let receipt = try await sink.store(batch)
        let count = await sink.statementCount - before
        await sink.close()
        return (database, receipt, count)
    }

    private static let trigger = """
        CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.text LIKE '%bad' THEN RAISE EXCEPTION 'no: %', NEW.text; END IF;
            RETURN NEW;
        END $$
        """

    @Test(arguments: [
        (
            ["ALTER TABLE lorikeet.messages ADD CONSTRAINT decent_texts CHECK (text <> 'hunter2 bad')"],
            "decent_texts", "23514"
        ),
        (["ALTER TABLE lorikeet.labels ADD CONSTRAINT no_forty CHECK (\"offset\" <> 40)"], "no_forty", "23514"),
        (
            [
                "DROP VIEW lorikeet.annotation_queue, lorikeet.labelled_texts",
                "ALTER TABLE lorikeet.messages ALTER COLUMN text TYPE varchar(5)",
            ], "too long", "22001"
        ),
        (
            [
                trigger,
                "CREATE TRIGGER refuse BEFORE INSERT ON lorikeet.messages FOR EACH ROW "
                    + "EXECUTE FUNCTION public.refuse()",
            ],
            "trigger", "P0001"
        ),
        (
            [
                trigger,
                "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON lorikeet.messages DEFERRABLE INITIALLY DEFERRED "
                    + "FOR EACH ROW EXECUTE FUNCTION public.refuse()",
            ], "trigger", "P0001"
        ),
        (
            [
                "CREATE TABLE public.words (word text PRIMARY KEY)", "INSERT INTO public.words VALUES ('good')",
                """
                ALTER TABLE lorikeet.messages
                ADD CONSTRAINT known_words FOREIGN KEY (text) REFERENCES public.words (word)
                """,
            ], "known_words", "23503"
        ),
        (
            [
                """
                CREATE UNIQUE INDEX one_bad ON lorikeet.messages (
                    (1 / (CASE WHEN text = 'hunter2 bad' THEN 0 ELSE 1 END)), pipeline, topic, "partition", "offset")
                """
            ], "does not fit", "22012"
        ),
    ])
    func theRefusedMessageAloneIsRejected(_ statements: [String], _ reason: String, _ sqlState: String) async throws {
        let (database, receipt, count) = try await storeBatch(refusedBy: statements)

        #expect(receipt == StoreReceipt(labelled: 63, rejected: 1, refused: [sqlState: 1]))
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 126)
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels WHERE \"offset\" = 40") == 0)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 63)
        #expect(try database.count("SELECT count(*) FROM lorikeet.messages WHERE \"offset\" = 40") == 0)
        let row = try #require(try database.sql("SELECT * FROM lorikeet.rejected").first)
        #expect(try row.integer("offset") == 40)
        #expect(try row.text("stage") == "store")
        #expect(try row.text("reason").contains(reason))
        #expect(try row.text("reason").contains(sqlState))
        #expect(try !row.text("reason").contains(Self.secret))
        #expect(try row.bytes("payload") == Array("payload 40".utf8))
        // 64 messages: the batch, then at most 1 + 2·6 attempts, and the few around them.
        #expect(count <= 20)
    }

    @Test func aMessageThatBecomesStorableLeavesRejected() async throws {
        let (database, _, _) = try await storeBatch(
            refusedBy: ["ALTER TABLE lorikeet.messages ADD CONSTRAINT decent CHECK (text <> 'hunter2 bad')"])
        try database.sql("ALTER TABLE lorikeet.messages DROP CONSTRAINT decent")
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let receipt = try await sink.store([Samples.labelled(40, text: "hunter2 bad", tasks: ["section", "role"])])
        await sink.close()
        #expect(receipt == StoreReceipt(labelled: 1))
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 128)
        #expect(try database.count("SELECT count(*) FROM lorikeet.rejected") == 0)
    }

    @Test func ofConflictingRowsOneIsStored() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("CREATE UNIQUE INDEX texts_once ON lorikeet.messages (text)")
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let receipt = try await sink.store((0..<10).map { Samples.labelled($0, text: "text \($0 % 5)") })
        await sink.close()
        #expect(receipt == StoreReceipt(labelled: 5, rejected: 5, refused: ["23505": 5]))
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 5)
    }

    @Test func aRejectionThatCannotBeStoredIsRetriedNeverSkipped() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("ALTER TABLE lorikeet.rejected ADD CONSTRAINT few CHECK (length(payload) < 3)")
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let error = await #expect(throws: ConnectorError.self) {
            try await sink.store([Samples.labelled(0), Samples.rejected(1)])
        }
        #expect(error?.action == .retry)
        #expect(error?.reason.contains("few") == true)
        #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 0)

        try database.sql("ALTER TABLE lorikeet.rejected DROP CONSTRAINT few")
        let receipt = try await sink.store([Samples.labelled(0), Samples.rejected(1)])
        #expect(receipt == StoreReceipt(labelled: 1, rejected: 1))
        await sink.close()
    }

    @Test func scoresThatAreNotNumbersAreRefused() async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        let broken = LabelledMessage(
            message: Samples.message(0), text: nil,
            labels: [
                TaskLabel(
                    task: "section", label: "games", score: .nan, scores: [("games", .nan)], abstained: false,
                    adapterDigest: Samples.digest)
            ])
        let receipt = try await sink.store([.labelled(broken), Samples.labelled(1)])
        await sink.close()
        #expect(receipt == StoreReceipt(labelled: 1, rejected: 1, refused: ["22P02": 1]))
    }
}
