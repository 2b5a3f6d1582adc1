import Serving
import Testing

@testable import Connectors

/// A text is stored once per message, whatever the number of its tasks.
@Suite struct MessageTextTests {
    private static let tasks = ["a", "b", "c", "d"]

    private func withSink(_ body: (SchemaDatabase, PostgresLabelSink) async throws -> Void) async throws {
        try await SchemaDatabase.with(
            { PostgresLabelSink($0, pipeline: "packages") }, close: { await $0.close() }, body)
    }

    private func texts(_ database: SchemaDatabase) throws -> [String?] {
        try database.sql("SELECT text FROM lorikeet.labelled_texts ORDER BY \"offset\", task").map {
            try $0.optionalText("text")
        }
    }

    private static func withoutText(_ offset: Int64) -> Outcome {
        .labelled(
            LabelledMessage(
                message: Samples.message(offset), text: nil, labels: tasks.map { Samples.label($0, "games") }))
    }

    @Test func fourTasksShareOneText() async throws {
        try await withSink { database, sink in
            let message = Samples.message(7, topic: "tøpic", partition: 3, key: [0, 1, 255], producedAt: nil)
            _ = try await sink.store([
                .labelled(
                    LabelledMessage(
                        message: message, text: "a\0b", labels: Self.tasks.map { Samples.label($0, "games") }))
            ])
            #expect(try texts(database) == Array(repeating: "a\u{FFFD}b", count: 4))
            let stored = try database.sql(
                "SELECT *, stored_at > now() - interval '1 minute' AS recent FROM lorikeet.messages")
            let row = try #require(stored.first)
            #expect(stored.count == 1)
            #expect(try row.text("pipeline") == "packages" && row.text("topic") == "tøpic")
            #expect(try row.integer("partition") == 3 && row.integer("offset") == 7)
            #expect(try row.timestamp("produced_at") == 0 && row.bytes("message_key") == [0, 1, 255])
            #expect(try row.text("text") == "a\u{FFFD}b" && row.boolean("recent"))
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels WHERE text IS NOT NULL") == 0)
        }
    }

    @Test func aRedeliveryOverwritesTheText() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([Samples.labelled(1, text: "before", tasks: Self.tasks)])
            _ = try await sink.store([Samples.labelled(1, text: "after", tasks: Self.tasks)])
            #expect(try texts(database) == Array(repeating: "after", count: 4))
            #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 1)
        }
    }

    /// Each offset is its own message, and so is the same offset of a topic that was created again.
    @Test func messagesKeepTheirOwnTexts() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([
                Samples.labelled(1, text: "first"), Samples.labelled(1, text: "second", producedAt: nil),
                Samples.labelled(2, text: "first"),
            ])
            #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 3)
            #expect(Set(try texts(database)) == ["first", "second"])
        }
    }

    @Test func aPipelineWithoutTextsStoresNone() async throws {
        try await withSink { database, sink in
            let receipt = try await sink.store([Self.withoutText(1)])
            #expect(receipt == StoreReceipt(labelled: 1))
            #expect(try texts(database) == [nil, nil, nil, nil])
            #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 0)
        }
    }

    /// As after `store_text` was set to false. A text that the version before has stored with the labels goes too.
    @Test func aRedeliveryWithoutTextsDeletesThem() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([1, 2].map { Samples.labelled($0, tasks: Self.tasks) })
            try database.sql("UPDATE lorikeet.labels SET text = 'older' WHERE \"offset\" = 1")
            _ = try await sink.store([Self.withoutText(1)])
            #expect(try texts(database) == [nil, nil, nil, nil] + Array(repeating: "text 2", count: 4))
            #expect(try database.count("SELECT count(*) FROM lorikeet.messages") == 1)
        }
    }

    @Test func aRejectedMessageHasNoTextAnyMore() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([Samples.labelled(1, tasks: Self.tasks), Samples.labelled(2)])
            _ = try await sink.store([Samples.rejected(1)])
            #expect(
                try database.sql("SELECT \"offset\" FROM lorikeet.messages").map { try $0.integer("offset") } == [2])
        }
    }

    /// A row of the version before has its text beside the label, until it is moved or stored again.
    @Test func theViewAlsoShowsTextsOfOlderRows() async throws {
        try await withSink { database, sink in
            _ = try await sink.store([Samples.labelled(1, text: "new"), Self.withoutText(2)])
            try database.sql("UPDATE lorikeet.labels SET text = 'old'")
            #expect(try texts(database) == ["new", "old", "old", "old", "old"])
            _ = try await sink.store([Samples.labelled(2, text: "newer", tasks: Self.tasks)])
            #expect(try texts(database) == ["new", "newer", "newer", "newer", "newer"])
        }
    }

    /// The statement of one batch counts every text once and every key as often as it is sent.
    @Test func theWeightOfAMessageCountsItsTextOnce() {
        func weight(_ tasks: Int, text: String?, key: [UInt8]? = nil) -> Int {
            LabelStatements.weight(
                LabelledMessage(
                    message: Samples.message(1, key: key), text: text,
                    labels: (0..<tasks).map { Samples.label("\($0)", "games") }))
        }
        let text = String(repeating: "ø", count: 500)
        #expect(weight(4, text: text) - weight(4, text: nil) == 1000)
        #expect(weight(1, text: text) - weight(1, text: nil) == 1000)
        #expect(weight(4, text: nil, key: [1, 2, 3]) - weight(4, text: nil) == 15)
    }

    /// More than one statement takes, and every text arrives once.
    @Test func textsOfManyMegabytesAreStoredOnce() async throws {
        try await withSink { database, sink in
            let text = String(repeating: "a", count: 6 << 20)
            _ = try await sink.store((0..<4).map { Samples.labelled($0, text: text, tasks: Self.tasks) })
            #expect(try database.count("SELECT sum(length(text)) FROM lorikeet.messages") == 24 << 20)
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 16)
        }
    }
}
