import BERT
import Serving
import Testing

@testable import Connectors

@Suite struct PostgresLabelSinkTests {
    private func withSink(_ body: (SchemaDatabase, PostgresLabelSink) async throws -> Void) async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
        do {
            try await body(database, sink)
            await sink.close()
        } catch {
            await sink.close()
            throw error
        }
    }

    @Test func everyColumnArrives() async throws {
        try await withSink { database, sink in
            let message = Samples.message(
                7, topic: "tøpic", partition: 3, key: [0, 1, 255], producedAt: 1_700_000_000_123)
            let labels = [
                TaskLabel(
                    task: "section", label: "games", score: Double(Float(0.9)),
                    scores: [("games", Double(Float(0.9))), ("de\"vel", 0.1)], abstained: false,
                    distance: Double(Float(1.1)), adapterDigest: Samples.digest, dtype: "int8+float32:5.output"),
                TaskLabel(
                    task: "role", label: nil, score: 0.4, scores: [("program", 0.4)], abstained: true,
                    adapterDigest: Samples.digest),
                TaskLabel(
                    task: "topic", label: nil, score: 0.9, scores: [("news", 0.9)], abstained: true, distance: 7,
                    isNoneOfThese: true, adapterDigest: Samples.digest),
                TaskLabel(
                    task: "tags", label: nil, labels: ["a", "b,\"c\""], score: 0.8, scores: [("a", 0.8)],
                    abstained: false, adapterDigest: Samples.digest),
            ]
            let receipt = try await sink.store([
                .labelled(LabelledMessage(message: message, text: "chess ♞", labels: labels))
            ])
            #expect(receipt == StoreReceipt(labelled: 1))

            let rows = try database.sql(
                "SELECT *, scores ->> 'de\"vel' AS devel, labelled_at > now() - interval '1 minute' AS recent "
                    + "FROM lorikeet.labelled_texts ORDER BY task")
            #expect(try rows.map { try $0.text("task") } == ["role", "section", "tags", "topic"])
            let (role, section, tags, topic) = (rows[0], rows[1], rows[2], rows[3])
            #expect(try section.text("pipeline") == "packages")
            #expect(try section.text("topic") == "tøpic")
            #expect(try section.integer("partition") == 3)
            #expect(try section.integer("offset") == 7)
            #expect(try section.timestamp("produced_at") == 1_700_000_000_123)
            #expect(try section.bytes("message_key") == [0, 1, 255])
            #expect(try section.text("label") == "games")
            #expect(try section.double("score") == 0.9)
            #expect(try section.text("devel") == "0.1")
            #expect(try section.text("text") == "chess ♞")
            #expect(try section.text("adapter_digest") == Samples.digest)
            #expect(try section.boolean("recent"))
            #expect(try role.isNull("label") && role.boolean("abstained"))
            #expect(try tags.texts("labels") == ["a", "b,\"c\""])
            let dtypes = try rows.map { try $0.text("dtype") }
            #expect(dtypes == ["float32", "int8+float32:5.output", "float32", "float32"])
            #expect(try section.double("distance") == 1.1 && section.isNull("abstention_reason"))
            #expect(try role.isNull("distance") && role.text("abstention_reason") == "score")
            #expect(try topic.double("distance") == 7 && topic.text("abstention_reason") == "none_of_these")
        }
    }

    /// A text that is labelled again, after a restart in another type, says so.
    @Test func theTypeOfTheBaseIsReplacedWithTheLabel() async throws {
        try await withSink { database, sink in
            func store(_ dtype: String) async throws {
                let label = TaskLabel(
                    task: "section", label: "games", score: 0.9, scores: [("games", 0.9)], abstained: false,
                    adapterDigest: Samples.digest, dtype: dtype)
                let message = LabelledMessage(
                    message: Samples.message(1), text: "chess", labels: [label],
                    shadows: [ShadowLabel(label: label, champion: label, change: .none)])
                _ = try await sink.store([.labelled(message)])
            }
            for dtype in ["float32", "int8"] {
                try await store(dtype)
                for table in ["labels", "shadow_labels"] {
                    let rows = try database.sql("SELECT dtype FROM lorikeet.\(table)")
                    #expect(try rows.map { try $0.text("dtype") } == [dtype])
                }
            }
        }
    }

    @Test func aLongTextSaysHowItWasRead() async throws {
        try await withSink { database, sink in
            func store(_ reading: LongTextReading?) async throws {
                let label = TaskLabel(
                    task: "section", label: "games", score: 0.9, scores: [("games", 0.9)], abstained: false,
                    adapterDigest: Samples.digest, longText: reading)
                let message = LabelledMessage(message: Samples.message(1), text: "chess e\u{301} ♞♞", labels: [label])
                _ = try await sink.store([.labelled(message)])
            }
            let sql = """
                SELECT windows, tokens, evidence::text AS evidence,
                    substr(text, lower(evidence) + 1, upper(evidence) - lower(evidence)) AS passage
                FROM lorikeet.labelled_texts
                """
            try await store(LongTextReading(windows: 3, tokens: 500, evidence: 6..<10))
            let row = try #require(try database.sql(sql).first)
            #expect(try row.integer("windows") == 3 && row.integer("tokens") == 500)
            #expect(try row.text("evidence") == "[6,10)" && row.text("passage") == "e\u{301} ♞")
            // A text that is labelled again, after a reload without windows, says so.
            try await store(nil)
            let again = try #require(try database.sql(sql).first)
            #expect(try again.isNull("windows") && again.isNull("tokens") && again.isNull("evidence"))
        }
    }

    @Test func storingTwiceLeavesOneRow() async throws {
        try await withSink { database, sink in
            let batch = (0..<10).map { Samples.labelled($0, tasks: ["section", "role"]) }
            let first = try await sink.store(batch)
            let second = try await sink.store(batch)
            #expect(first == second)
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 20)
        }
    }

    @Test func aTopicThatIsCreatedAgainKeepsItsTexts() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([Samples.labelled(0, producedAt: 1_700_000_000_000)])
            _ = try await sink.store([
                Samples.labelled(0, producedAt: 1_800_000_000_000), Samples.labelled(0, producedAt: nil),
            ])
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 3)
        }
    }

    @Test func aBatchIsOneStatementPerTable() async throws {
        try await withSink { _, sink in
            try await sink.connect()
            let before = await sink.statementCount
            _ = try await sink.store(
                (0..<500).map { Samples.labelled($0, tasks: ["a", "b", "c", "d"]) } + [Samples.rejected(900)])
            // Labels and texts share one; the labels and the texts of a rejected message are deleted by two.
            #expect(await sink.statementCount - before == 5)
        }
    }

    @Test func awkwardTextsAreStored() async throws {
        try await withSink { database, sink in
            let texts = [
                "a\0b", "", "{\"x\": null}", "\\N", "NULL", "\"quoted\" {a,b}", "e\u{301}", "👩‍👩‍👧", "\r\n\t\u{1}",
            ]
            let receipt = try await sink.store(texts.enumerated().map { Samples.labelled(Int64($0), text: $1) })
            #expect(receipt == StoreReceipt(labelled: texts.count))
            let stored = try database.sql("SELECT text FROM lorikeet.messages ORDER BY \"offset\"").map {
                try $0.text("text")
            }
            #expect(stored == ["a\u{FFFD}b"] + texts.dropFirst())
        }
    }

    @Test func impossibleTimesAreStored() async throws {
        try await withSink { database, sink in
            let receipt = try await sink.store([
                Samples.labelled(0, producedAt: .max), Samples.labelled(1, producedAt: -1),
            ])
            #expect(receipt == StoreReceipt(labelled: 2))
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels WHERE produced_at > '294000-01-01'") == 1)
        }
    }

    @Test func rejectedMessagesKeepEveryByte() async throws {
        try await withSink { database, sink in
            let payload = [UInt8](0...255)
            let message = Samples.message(1, key: [9], payload: payload, headers: [("kind", [0xff]), ("none", nil)])
            _ = try await sink.store([
                .rejected(Rejection(message: message, stage: .extract, reason: "no text at /description"))
            ])
            let row = try database.sql("SELECT *, headers -> 0 ->> 'base64' AS first FROM lorikeet.rejected").first
            #expect(try row?.bytes("payload") == payload)
            #expect(try row?.bytes("message_key") == [9])
            #expect(try row?.text("stage") == "extract")
            #expect(try row?.text("reason") == "no text at /description")
            #expect(try row?.text("first") == "/w==")
        }
    }

    @Test func aNullPayloadStaysNull() async throws {
        try await withSink { database, sink in
            let message = SourceMessage(origin: Origin(topic: "t", partition: 0, offset: 0), payload: nil)
            _ = try await sink.store([.rejected(Rejection(message: message, stage: .decode, reason: "no payload"))])
            #expect(
                try database.count("SELECT count(*) FROM lorikeet.rejected WHERE payload IS NULL AND headers IS NULL")
                    == 1)
        }
    }

    @Test func manyMegabytesAreRejectedWhole() async throws {
        try await withSink { database, sink in
            let outcomes = (0..<3).map { offset in
                Outcome.rejected(
                    Rejection(
                        message: Samples.message(offset, payload: [UInt8](repeating: 0x80, count: 10 << 20)),
                        stage: .decode,
                        reason: "too large"))
            }
            let receipt = try await sink.store(outcomes)
            #expect(receipt == StoreReceipt(rejected: 3))
            #expect(try database.count("SELECT sum(length(payload)) FROM lorikeet.rejected") == 30 << 20)
        }
    }

    @Test func aMessageHasLabelsOrARejectionNeverBoth() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([Samples.rejected(0), Samples.labelled(1, tasks: ["section", "role"])])
            _ = try await sink.store([Samples.labelled(0, tasks: ["section", "role"]), Samples.rejected(1)])
            #expect(
                try database.sql("SELECT DISTINCT \"offset\" FROM lorikeet.labels").map { try $0.integer("offset") }
                    == [0])
            #expect(
                try database.sql("SELECT \"offset\" FROM lorikeet.rejected").map { try $0.integer("offset") } == [1])
        }
    }

    @Test func pipelinesKeepTheirOwnRows() async throws {
        try await withSink { database, sink in
            let other = PostgresLabelSink(database.settings(), pipeline: "other")
            _ = try await other.store([Samples.labelled(0), Samples.rejected(1)])
            _ = try await sink.store([Samples.rejected(0), Samples.labelled(1)])
            await other.close()
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels WHERE pipeline = 'other'") == 1)
            #expect(try database.count("SELECT count(*) FROM lorikeet.rejected WHERE pipeline = 'other'") == 1)
        }
    }

    @Test func nothingToStoreNeedsNoDatabase() async throws {
        let sink = PostgresLabelSink(PostgresSettings(dsn: "host=/nowhere"), pipeline: "packages")
        let receipt = try await sink.store([])
        #expect(receipt == StoreReceipt())
        await sink.close()
    }
}
