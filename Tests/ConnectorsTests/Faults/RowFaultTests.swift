import KafkaClient
import Serving
import TestSupport
import Testing

@testable import Connectors
@testable import JSON

/// Messages and rows that are not as one would wish, through a whole serving path.
@Suite(.timeLimit(.minutes(5))) struct RowFaultTests {
    /// From one topic to one database, until all messages are stored.
    private func stored(
        _ count: Int, extractor: TextExtractor = .wholeMessage, _ adjust: (inout ServingSettings) -> Void = { _ in },
        produce: (TestTopic) throws -> Void
    ) async throws -> (SchemaDatabase, LivePipeline) {
        let database = try await SchemaDatabase.make()
        var pipeline: LivePipeline?
        try await TestTopic.with { topic in
            try produce(topic)
            let running = try LivePipeline(reading: topic.settings(), database, extractor: extractor, adjust)
            try await running.whileRunning { await running.waitUntilStored(count) }
            #expect(running.log.outages().isEmpty)
            pipeline = running
        }
        return (database, try #require(pipeline))
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func anyBytesOfPayloadKeyAndHeaders(_ seed: UInt64) async throws {
        var random = TestRandom(seed: seed)
        func bytes(_ limit: Int) -> [UInt8]? {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: nil
            case 1: []
            case 2: Array("größe \u{0} ♞ 𝔘 \u{FFFF}".utf8)
            case 3: Array("\u{202E}'; DROP TABLE lorikeet.labels; -- {\"a\",NULL} \\N \\x00".utf8)
            case 4: [0xED, 0xA0, 0x80]  // a surrogate as UTF-8
            default:
                (0..<Int.random(in: 0..<limit, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
        }
        let count = 300
        let (database, pipeline) = try await stored(count) { topic in
            try topic.produce { producer in
                for index in 0..<count {
                    let headers = (0..<Int.random(in: 0..<4, using: &random)).map {
                        KafkaHeader(name: "h\($0)\u{1}\"", value: bytes(40))
                    }
                    // The last ones can be labelled, so that rows of both kinds are stored.
                    let payload = index < count - 50 ? bytes(200) : Array("text \(index)".utf8)
                    try producer.produce(topic: topic.name, key: bytes(60), payload: payload, headers: headers)
                }
            }
        }
        let rejected = try database.count("SELECT count(*) FROM lorikeet.rejected")
        #expect(rejected > 50 && rejected <= count - 50, "seed \(seed)")
        try pipeline.expectEveryMessageOnce(count, rejected: rejected)
        #expect(try database.count("SELECT count(*) FROM lorikeet.rejected WHERE stage = 'store'") == 0)
    }

    @Test func zeroCharactersAndLoneSurrogates() async throws {
        let texts = [#"a\u0000b"#, #"a\ud800b"#, #"\udc00"#, #"\ud83d\ude00"#, #"\ud83d x \ude00"#, #"\ud83d\u0041"#]
        let (database, pipeline) = try await stored(texts.count, extractor: .pointer(try JSONPointer("/t"))) { topic in
            try topic.produce { producer in
                for text in texts {
                    try producer.produce(topic: topic.name, payload: Array("{\"t\":\"\(text)\"}".utf8))
                }
            }
        }
        try pipeline.expectEveryMessageOnce(texts.count)
        let stored = try database.sql(
            "SELECT text FROM lorikeet.labelled_texts WHERE task = 'mood' ORDER BY \"offset\""
        ).map {
            try $0.text("text")
        }
        #expect(stored == ["a\u{FFFD}b", "a\u{FFFD}b", "\u{FFFD}", "😀", "\u{FFFD} x \u{FFFD}", "\u{FFFD}A"])
    }

    @Test(arguments: [(1 << 20, 1), (20 << 20, 0)]) func tenMegabytes(_ limit: Int, _ rejected: Int) async throws {
        let text =
            Array(repeating: UInt8(ascii: "a"), count: 5 << 20) + Array(repeating: UInt8(ascii: " "), count: 5 << 20)
        // Alone: the embedded broker keeps 5 MiB a partition, and the newest batch whatever its size.
        let (database, pipeline) = try await stored(1, { $0.maximumMessageBytes = limit }) { topic in
            try topic.produce { try $0.produce(topic: topic.name, payload: text) }
        }
        try pipeline.expectEveryMessageOnce(1, rejected: rejected)
        let length =
            rejected == 1
            ? "SELECT length(payload) FROM lorikeet.rejected"
            : "SELECT length(text) FROM lorikeet.messages"
        #expect(try database.count(length) == 10 << 20)
    }

    /// A row that the user's own rule refuses goes to `rejected` alone, counted and with its reason; nothing waits.
    @Test func aRowThatATriggerRefuses() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql(
            """
            CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.text LIKE '%7' THEN RAISE EXCEPTION 'not %', NEW.text; END IF;
                RETURN NEW;
            END $$
            """,
            "CREATE TRIGGER refuse BEFORE INSERT ON lorikeet.messages FOR EACH ROW EXECUTE FUNCTION public.refuse()")
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database)
        let reader = pipeline.way.tap.open(TextTap.Filter(rate: 1_000))
        source.produce(texts: (0..<200).map { "text \($0)" })
        try await pipeline.whileRunning { await pipeline.waitUntilStored(200) }
        try pipeline.expectEveryMessageOnce(200, rejected: 20)
        #expect(
            try database.count(
                "SELECT count(*) FROM lorikeet.rejected WHERE stage = 'store' AND reason LIKE 'a trigger%'") == 20)
        let counters = pipeline.metrics.counters(label: MetricNames.rejected)
        let counter = try #require(counters.first { $0.dimensions.contains { $0 == ("stage", "store") } })
        #expect(counter.totalValue == 20 && counter.dimensions.contains { $0 == ("cause", "P0001") })
        // What was refused is no stored label, and no tap shows it.
        let tapped = await reader.next(limit: 1_000, patience: .zero)
        #expect(tapped.texts.count == 180 && tapped.dropped == 0 && !tapped.texts.contains { $0.text.hasSuffix("7") })
        let stored = pipeline.metrics.counters(label: MetricNames.labels)
        #expect(!stored.isEmpty && stored.allSatisfy { $0.totalValue == 180 })
        #expect(!pipeline.log.lines("record rejected", ["stage": "store", "cause": "P0001"]).isEmpty)
        #expect(pipeline.log.outages().isEmpty)
        #expect(!pipeline.log.lines.value.contains { "\($0)".contains("text 7") })
    }

    /// Four times the rows, four more statements.
    @Test func theCostOfABadRowIsLogarithmic() async throws {
        var costs: [Int] = []
        for size in [16, 64, 256, 1024] {
            let database = try await SchemaDatabase.make()
            try database.sql("ALTER TABLE lorikeet.messages ADD CONSTRAINT decent CHECK (text <> 'bad')")
            let sink = PostgresLabelSink(database.settings(), pipeline: "packages")
            try await sink.connect()
            let before = await sink.statementCount
            let receipt = try await sink.store(
                (0..<Int64(size)).map { Samples.labelled($0, text: $0 == Int64(size) - 2 ? "bad" : "good") })
            costs.append(await sink.statementCount - before)
            await sink.close()
            #expect(receipt == StoreReceipt(labelled: size - 1, rejected: 1, refused: ["23514": 1]))
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == size - 1)
        }
        #expect(zip(costs, costs.dropFirst()).allSatisfy { $1 - $0 <= 4 }, "\(costs)")
        #expect(costs.last ?? .max <= 2 * 10 + 8, "\(costs)")
    }

    /// A reject that cannot be stored either holds the pipeline until someone lets it in.
    @Test func aRejectThatCannotBeStoredIsRetriedNeverSkipped() async throws {
        let database = try await SchemaDatabase.make()
        try database.sql("ALTER TABLE lorikeet.rejected ADD CONSTRAINT nothing CHECK (false)")
        let source = ScriptedTextSource()
        let pipeline = try LivePipeline(source, database)
        source.produce([[0xFF]])
        source.produce(texts: (0..<20).map { "text \($0)" })
        try await pipeline.whileRunning {
            await pipeline.waitForFailures(3)
            #expect(pipeline.way.status.waitingFor?.contains("constraint nothing of table lorikeet.rejected") == true)
            #expect(pipeline.source.state.value.committed.isEmpty)
            try database.sql("ALTER TABLE lorikeet.rejected DROP CONSTRAINT nothing")
            await pipeline.waitUntilStored(21)
        }
        pipeline.expectOutages(of: "sink", causes: ["23514"])
        try pipeline.expectEveryMessageOnce(21, rejected: 1)
    }
}
