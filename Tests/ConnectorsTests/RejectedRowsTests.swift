import Foundation
import Serving
import Testing

@testable import Connectors

@Suite struct RejectedRowsTests {
    private func withRows(_ body: (SchemaDatabase, PostgresRejectedRows) async throws -> Void) async throws {
        try await SchemaDatabase.with({ PostgresRejectedRows($0) }, close: { await $0.close() }, body)
    }

    private func store(_ outcomes: [Outcome], pipeline: String = "packages", _ database: SchemaDatabase) async throws {
        let sink = PostgresLabelSink(database.settings(), pipeline: pipeline)
        _ = try await sink.store(outcomes)
        await sink.close()
    }

    private func filter(
        pipeline: String? = nil, stage: RejectionStage? = nil, reason: String? = nil,
        hours: (since: Double?, until: Double?) = (nil, nil),
        origins: [String]? = nil
    ) -> RejectedFilter {
        var filter = RejectedFilter()
        filter.pipeline = pipeline
        filter.stage = stage
        filter.reason = reason
        filter.since = hours.since.map { Date(timeIntervalSinceNow: -3600 * $0) }
        filter.until = hours.until.map { Date(timeIntervalSinceNow: -3600 * $0) }
        filter.origins = origins
        return filter
    }

    @Test func messagesOfRowsComeInTheirOrderWithoutThoseThatAreGone() async throws {
        try await withRows { database, table in
            let tombstone = SourceMessage(
                origin: Origin(topic: "packages", partition: 0, offset: 3), key: nil, payload: nil, headers: [],
                producedAt: 1_700_000_000_000)
            let messages = [
                Samples.message(1, key: [0, 255], payload: [1, 2], headers: [("a", [9]), ("empty", nil)]),
                Samples.message(2), tombstone, Samples.message(4, key: [7]),
            ]
            try await store(
                messages.map { .rejected(Rejection(message: $0, stage: .decode, reason: "no")) }, database)
            let rows = try await table.rows(filter(), limit: 10)
            try database.sql("DELETE FROM lorikeet.rejected WHERE \"offset\" = 2")
            let found = try await table.messages(of: rows.reversed())
            #expect(found.map(\.origin.offset) == [4, 3, 1])
            #expect(
                found.map(\.key) == [[7], nil, [0, 255]] && found[1].payload == nil && found[2].payload == [1, 2])
            #expect(found[2].headers.map(\.name) == ["a", "empty"] && found[0].headers.isEmpty)
            #expect(found[2].headers[0].value == [9] && found[2].headers[1].value == nil)
            #expect(found.map(\.producedAt) == [4, 3, 1].map { messages[$0 - 1].producedAt })
            #expect(try await table.messages(of: []).isEmpty)
        }
    }

    @Test func filtersSelectTheirRows() async throws {
        try await withRows { database, table in
            try await store(
                [
                    Samples.rejected(1), Samples.rejected(2, stage: .store, reason: "23514: constraint no_chess"),
                    Samples.rejected(3, stage: .extract, reason: "the text is empty"),
                ], database)
            try await store([Samples.rejected(4)], pipeline: "mail", database)
            try database.sql(
                "UPDATE lorikeet.rejected SET rejected_at = now() - interval '3 hours' WHERE \"offset\" = 3")

            func offsets(_ filter: RejectedFilter) async throws -> [Int64] {
                try await table.rows(filter, limit: 10).map(\.origin.offset).sorted()
            }
            #expect(try await offsets(filter()) == [1, 2, 3, 4])
            #expect(try await offsets(filter(pipeline: "packages")) == [1, 2, 3])
            #expect(try await offsets(filter(stage: .store)) == [2])
            #expect(try await offsets(filter(reason: "No_Chess")) == [2])
            #expect(try await offsets(filter(hours: (since: 1, until: nil))) == [1, 2, 4])
            #expect(try await offsets(filter(hours: (since: nil, until: 1))) == [3])
            #expect(try await offsets(filter(origins: ["packages/0@1", "packages/0@3", "packages/1@2"])) == [1, 3])
            #expect(try await table.rows(filter(), limit: 2).count == 2)

            let decoded = filter(stage: .decode)
            let groups = try await table.summary(decoded).map { "\($0.pipeline) \($0.stage) \($0.rows)" }
            #expect(groups == ["mail decode 1", "packages decode 1"])
            #expect(try await table.discard(decoded) == 2)
            #expect(try await offsets(filter()) == [2, 3])
        }
    }

    @Test func aMessageIsReadAsItArrived() async throws {
        try await withRows { database, table in
            let message = Samples.message(
                7, topic: "tøpic", partition: 3, key: [0, 255], payload: [0, 1, 0xC3, 0x28],
                headers: [("kind", Array("program".utf8)), ("empty", nil), ("kind", [])], producedAt: 1_700_000_000_123)
            let silent = Samples.message(8, key: nil, producedAt: nil)
            try await store(
                [message, SourceMessage(origin: silent.origin, payload: nil)].map {
                    .rejected(Rejection(message: $0, stage: .decode, reason: "not UTF-8"))
                }, database)
            let rows = try await table.rows(RejectedFilter(), limit: 10)
            #expect(rows.map(\.payloadBytes) == [nil, 4])
            let (nothing, whole) = (
                try #require(await table.message(of: rows[0])), try #require(await table.message(of: rows[1]))
            )
            #expect(nothing.payload == nil && nothing.key == nil && nothing.headers.isEmpty && nothing.producedAt == 0)
            #expect(whole.origin == message.origin && whole.payload == message.payload && whole.key == message.key)
            #expect(whole.producedAt == message.producedAt)
            #expect(whole.headers.map(\.name) == ["kind", "empty", "kind"])
            #expect(whole.headers.map(\.value) == [Array("program".utf8), nil, []])
        }
    }

    @Test func aRowThatWasRejectedAgainIsNotDiscarded() async throws {
        try await withRows { database, table in
            try await store([Samples.rejected(1), Samples.rejected(2)], database)
            let rows = try await table.rows(RejectedFilter(), limit: 10)
            try await store([Samples.rejected(1, reason: "again")], database)
            #expect(try await table.discardUnchanged(rows[0]) == false)
            #expect(try await table.discardUnchanged(rows[1]))
            #expect(try await table.current(rows[0])?.reason == "again")
            #expect(try await table.current(rows[1]) == nil)
            #expect(try await table.message(of: rows[1]) == nil)
        }
    }
}
