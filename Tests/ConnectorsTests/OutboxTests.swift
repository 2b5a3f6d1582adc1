import JSON
import Serving
import TestSupport
import Testing

@testable import Connectors

/// The outbox in a real database: what the sink puts in, and what a publisher gets.
@Suite struct OutboxTests {
    private func with(
        _ settings: OutboxSettings = OutboxSettings(publishesRejected: true),
        _ body: (SchemaDatabase, PostgresLabelSink, PostgresOutbox) async throws -> Void
    ) async throws {
        let database = try await SchemaDatabase.make()
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages", outbox: settings)
        let outbox = PostgresOutbox(database.settings(), pipeline: "packages", settings: settings)
        let result: Result<Void, any Error>
        do { result = .success(try await body(database, sink, outbox)) } catch { result = .failure(error) }
        await sink.close()
        await outbox.close()
        try result.get()
    }

    @Test func recordsComeOutInTheOrderOfTheirPartition() async throws {
        try await with { _, sink, outbox in
            _ = try await sink.store([Samples.labelled(2), Samples.rejected(3), Samples.labelled(1)])
            _ = try await sink.store([Samples.labelled(4)])
            let records = try #require(try await outbox.next(limit: 10))
            #expect(records.filter { $0.kind == .labels }.map(\.origin.offset) == [1, 2, 4])
            #expect(records.filter { $0.kind == .rejected }.map(\.origin.offset) == [3])
            #expect(records.map(\.id) == records.map(\.id).sorted())
            #expect(try await outbox.next(limit: 2)?.count == 2)
        }
    }

    @Test func aRecordSaysWhatItsRowsSay() async throws {
        try await with(OutboxSettings(tasks: ["role", "section"])) { _, sink, outbox in
            _ = try await sink.store([Samples.labelled(7, tasks: ["section", "other", "role"])])
            let record = try #require(try await outbox.next(limit: 10)?.first)
            let message = try #require(record.message)
            let document = try JSONParser.parse(try #require(message.payload))
            #expect(document["topic"]?.text == "\"packages\"" && document["offset"]?.text.hasPrefix("7") == true)
            guard case .object(let labels) = document["labels"] else {
                Issue.record("no labels: \(document.text)")
                return
            }
            #expect(labels.map(\.key) == ["role", "section"])
            #expect(labels[0].value["label"]?.text == "\"games\"")
            #expect(labels[0].value["adapter_digest"]?.text == "\"\(Samples.digest)\"")
            let headers = message.headers.map { "\($0.name)=\(String(decoding: $0.value ?? [], as: UTF8.self))" }
            #expect(
                headers == [
                    "lorikeet.pipeline=packages", "lorikeet.topic=packages", "lorikeet.partition=0",
                    "lorikeet.offset=7", "lorikeet.produced_at=1700000000000",
                ])
        }
    }

    /// Of a rejected record the key is always its own.
    @Test(arguments: [PublishedKey.message, .origin]) func theKeyIsThatOfTheRecordOrItsOrigin(
        _ key: PublishedKey
    ) async throws {
        try await with(OutboxSettings(key: key, publishesRejected: true)) { _, sink, outbox in
            func labelled(_ offset: Int64, key: [UInt8]?) -> Outcome {
                .labelled(
                    LabelledMessage(
                        message: Samples.message(offset, key: key), text: "a text",
                        labels: [Samples.label("section", "games")]))
            }
            let rejection = Rejection(message: Samples.message(3, key: [9]), stage: .decode, reason: "no")
            _ = try await sink.store([labelled(1, key: [0, 255]), labelled(2, key: nil), .rejected(rejection)])
            let records = try #require(try await outbox.next(limit: 10)).sorted { $0.origin.offset < $1.origin.offset }
            let expected: [[UInt8]?] =
                key == .message
                ? [[0, 255], nil, [9]] : [Array("packages/0@1".utf8), Array("packages/0@2".utf8), [9]]
            #expect(records.map { $0.message?.key } == expected)
        }
    }

    @Test func aRejectedRecordKeepsItsKeyPayloadAndHeaders() async throws {
        try await with { _, sink, outbox in
            let message = Samples.message(3, key: [0, 255], payload: [1, 2], headers: [("a", [9]), ("empty", nil)])
            _ = try await sink.store([.rejected(Rejection(message: message, stage: .decode, reason: "not UTF-8"))])
            let record = try #require(try await outbox.next(limit: 1)?.first?.message)
            #expect(record.key == [0, 255] && record.payload == [1, 2])
            #expect(record.headers[0].name == "a" && record.headers[0].value == [9] && record.headers[1].value == nil)
            let own = Dictionary(record.headers.map { ($0.name, $0.value) }) { first, _ in first }
            #expect(own["lorikeet.stage"] == Array("decode".utf8) && own["lorikeet.reason"] == Array("not UTF-8".utf8))
        }
    }

    /// The trace of a record goes from its header to its rows and to what is published of it.
    @Test func theTraceOfARecordGoesOn() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await with(OutboxSettings(publishesRejected: true)) { database, sink, outbox in
            func message(_ offset: Int64, _ value: String) -> SourceMessage {
                Samples.message(offset, headers: [("traceparent", Array(value.utf8))])
            }
            func labelled(_ message: SourceMessage) -> Outcome {
                .labelled(
                    LabelledMessage(message: message, text: "text", labels: [Samples.label("section", "games")]))
            }
            _ = try await sink.store([
                labelled(message(1, trace)), labelled(message(2, "not a trace")),
                .rejected(Rejection(message: message(3, trace), stage: .decode, reason: "not UTF-8")),
            ])
            let traces = """
                SELECT "offset", traceparent FROM lorikeet.labels
                UNION ALL SELECT "offset", traceparent FROM lorikeet.rejected ORDER BY "offset"
                """
            #expect(try database.sql(traces).map { try $0.optionalText("traceparent") } == [trace, nil, trace])

            let records = try #require(try await outbox.next(limit: 10))
            let headers = records.map { record in
                record.message?.headers.filter { $0.name == "traceparent" }.map { $0.value ?? [] } ?? []
            }
            // A rejected record is published with its own headers.
            #expect(headers == [[Array(trace.utf8)], [], [Array(trace.utf8)]])
            try await outbox.reject(records[0], reason: "too large")
            let rejected = try database.sql("SELECT traceparent FROM lorikeet.rejected WHERE stage = 'publish'")
            #expect(try rejected.map { try $0.text("traceparent") } == [trace])

            // What labels a record again without its headers does not take its trace.
            _ = try await sink.store([labelled(Samples.message(1))])
            #expect(try database.sql(traces).first?.optionalText("traceparent") == trace)
        }
    }

    @Test func whatIsNotPublishedIsNotInTheOutbox() async throws {
        try await with(OutboxSettings(tasks: ["role"])) { database, sink, _ in
            _ = try await sink.store([Samples.labelled(1), Samples.rejected(2), Samples.labelled(3, tasks: ["role"])])
            #expect(try database.count("SELECT count(*) FROM lorikeet.outbox") == 1)
        }
        try await with(OutboxSettings(publishesLabels: false, publishesRejected: true)) { database, sink, _ in
            _ = try await sink.store([Samples.labelled(1), Samples.rejected(2)])
            #expect(try database.count("SELECT count(*) FROM lorikeet.outbox WHERE kind = 'rejected'") == 1)
            #expect(try database.count("SELECT count(*) FROM lorikeet.outbox") == 1)
        }
    }

    @Test func aRecordThatIsStoredAgainKeepsItsPlaceAndIsPublishedAgain() async throws {
        try await with { _, sink, outbox in
            _ = try await sink.store([Samples.labelled(1), Samples.labelled(2)])
            let before = try #require(try await outbox.next(limit: 10))
            _ = try await sink.store([Samples.labelled(1, label: "devel")])
            try await outbox.remove(before)
            let after = try #require(try await outbox.next(limit: 10))
            #expect(after.map(\.id) == [before[0].id] && after[0].revision == before[0].revision + 1)
            try await outbox.remove(after)
            #expect(try await outbox.next(limit: 10)?.isEmpty == true)
            #expect(try await outbox.depth() == OutboxDepth(rows: 0, oldestAge: .zero))
        }
    }

    @Test func deletedRowsLeaveNothingToPublish() async throws {
        try await with { database, sink, outbox in
            _ = try await sink.store([Samples.labelled(1)])
            try database.sql("DELETE FROM lorikeet.labels")
            let record = try #require(try await outbox.next(limit: 1)?.first)
            #expect(record.message == nil)
        }
    }

    /// A full outbox stops the sink, in words, until something is published.
    @Test func aFullOutboxStopsTheSink() async throws {
        try await with(OutboxSettings(maximumRows: 2)) { database, sink, outbox in
            _ = try await sink.store([Samples.labelled(1), Samples.labelled(2)])
            let error = await #expect(throws: ConnectorError.self) { _ = try await sink.store([Samples.labelled(3)]) }
            #expect(error?.action == .retry && error?.cause == "outbox-full")
            #expect(error?.reason.contains("sink.maximum_outbox_rows") == true)
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 2)
            try await outbox.remove(try #require(try await outbox.next(limit: 10)))
            #expect(try await sink.store([Samples.labelled(3)]) == StoreReceipt(labelled: 1))
        }
    }

    /// Nothing says against the connection, so each attempt costs the count alone.
    @Test func aFullOutboxKeepsTheConnection() async throws {
        try await with(OutboxSettings(maximumRows: 1)) { _, sink, outbox in
            _ = try await sink.store([Samples.labelled(1)])
            let before = await sink.statementCount
            for _ in 0..<3 {
                let error = await #expect(throws: ConnectorError.self) {
                    _ = try await sink.store([Samples.labelled(2)])
                }
                #expect(error?.cause == "outbox-full")
            }
            #expect(await sink.statementCount == before + 3)
            try await outbox.remove(try #require(try await outbox.next(limit: 10)))
            #expect(try await sink.store([Samples.labelled(2)]) == StoreReceipt(labelled: 1))
        }
    }

    /// Rows from before a change of the pipeline file are nobody's backlog: they neither count nor fill the outbox.
    @Test func rowsThatAreNotPublishedAnyMoreDoNotCount() async throws {
        let database = try await SchemaDatabase.make()
        let former = PostgresLabelSink(
            database.settings(), pipeline: "packages", outbox: OutboxSettings(publishesRejected: true))
        _ = try await former.store([Samples.rejected(1), Samples.rejected(2)])
        await former.close()
        let settings = OutboxSettings(maximumRows: 2)
        let sink = PostgresLabelSink(database.settings(), pipeline: "packages", outbox: settings)
        let clock = ManualClock()
        let outbox = PostgresOutbox(
            database.settings(), pipeline: "packages", settings: settings, clock: clock.clock)
        let result: Result<Void, any Error>
        do {
            #expect(try await outbox.depth() == OutboxDepth(rows: 0, oldestAge: .zero))
            #expect(try await sink.store([Samples.labelled(3)]) == StoreReceipt(labelled: 1))
            #expect(try await outbox.depth().rows == 1)
            #expect(try await outbox.next(limit: 10)?.map(\.origin.offset) == [3])
            #expect(try database.count("SELECT count(*) FROM lorikeet.outbox") == 3)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await sink.close()
        await outbox.close()
        try result.get()
    }

    @Test func aRefusedRecordIsRejectedAndKeepsItsLabels() async throws {
        try await with { database, sink, outbox in
            _ = try await sink.store([Samples.labelled(1), Samples.rejected(2)])
            for record in try #require(try await outbox.next(limit: 10)) {
                try await outbox.reject(record, reason: "too large")
            }
            #expect(try database.count("SELECT count(*) FROM lorikeet.outbox") == 0)
            #expect(try database.count("SELECT count(*) FROM lorikeet.labels") == 1)
            let rows = try database.sql("SELECT stage, reason FROM lorikeet.rejected ORDER BY \"offset\"")
            #expect(try rows.map { try $0.text("stage") } == ["publish", "decode"])
            #expect(try rows[0].text("reason") == "too large")

            let table = PostgresRejectedRows(database.settings())
            var filter = RejectedFilter()
            filter.stage = .publish
            let refused = try #require(try await table.rows(filter, limit: 1).first)
            #expect(try await table.publishAgain(refused))
            #expect(try await table.publishAgain(refused) == false)
            await table.close()
            #expect(try await outbox.next(limit: 10)?.map(\.origin.offset) == [1])
            #expect(try database.count("SELECT count(*) FROM lorikeet.rejected") == 1)
        }
    }

    @Test func oneProcessPublishesUntilItGivesUpTheLease() async throws {
        try await with { database, sink, outbox in
            _ = try await sink.store([Samples.labelled(1)])
            let other = PostgresOutbox(database.settings(), pipeline: "packages", settings: OutboxSettings())
            #expect(try await outbox.next(limit: 1)?.count == 1)
            #expect(try await other.next(limit: 1) == nil)
            #expect(await outbox.keep())
            try database.sql("UPDATE lorikeet.leases SET expires_at = clock_timestamp() - interval '1 second'")
            #expect(await outbox.keep() == false)
            #expect(try await other.next(limit: 1)?.count == 1)
            #expect(try await outbox.next(limit: 1) == nil)
            await other.close()
            #expect(try await outbox.next(limit: 1)?.count == 1)
        }
    }
}
