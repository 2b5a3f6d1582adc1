import JSON
import SchemaRegistry
import Serving
import TestSupport
import Testing

@testable import Connectors

/// Records behind a schema registry over real HTTP.
@Suite(.timeLimit(.minutes(2))) struct RegistryDecodersTests {
    private static let ticket = #"{"type":"record","name":"T","fields":[{"name":"body","type":["null","string"]}]}"#

    private func message(_ payload: [UInt8]?, headers: [(name: String, value: [UInt8]?)] = []) -> SourceMessage {
        SourceMessage(
            origin: Origin(topic: "t", partition: 0, offset: 0), payload: payload, headers: headers)
    }

    private func decoders(
        _ server: RegistryServer, format: RecordFormat = .auto, capacity: Int = 100, clock: ManualClock = ManualClock()
    ) -> RegistryDecoders {
        RegistryDecoders(RegistrySettings(url: server.url), format: format, capacity: capacity, clock: clock.clock)
    }

    private func decode(_ message: SourceMessage, _ decoders: RegistryDecoders) async throws -> DecodedPayload {
        try await decoders.decoder(for: [message]).decode(message)
    }

    @Test func avroIsDecodedByTheSchemaOfEachRecord() async throws {
        let server = try RegistryServer()
        server.register(1, schema: Self.ticket)
        server.register(2, schema: #""string""#)
        let decoders = decoders(server, format: .avro)
        let messages = [
            message([0, 0, 0, 0, 1, 2, 4, 0x68, 0x69]), message([0, 0, 0, 0, 2, 4, 0x68, 0x69]), message(nil),
            message([0, 0, 0, 0, 1, 0]), message([2, 0x61], headers: [("__value_schema_id", [0, 0, 0, 0, 2])]),
        ]
        let decoder = try await decoders.decoder(for: messages)
        #expect(decoder.decode(messages[0]) == .value(.object([("body", .string("hi"))])))
        #expect(decoder.decode(messages[1]) == .value(.string("hi")))
        #expect(decoder.decode(messages[3]) == .value(.object([("body", .null)])))
        #expect(decoder.decode(messages[4]) == .value(.string("a")))
        _ = try await decoders.decoder(for: messages)
        #expect(server.state.value.requests == ["/schemas/ids/1", "/schemas/ids/2"])
        await decoders.close()
    }

    @Test func recordsOfManyFormatsShareATopicUnderAuto() async throws {
        let server = try RegistryServer()
        server.register(1, schema: Self.ticket)
        server.register(2, schema: "{}", type: "JSON")
        server.register(3, schema: "syntax = \"proto3\";", type: "PROTOBUF")
        let json = Array(#"{"body":"hi"}"#.utf8)
        let (auto, avro) = (decoders(server), decoders(server, format: .avro))
        #expect(try await decode(message([0, 0, 0, 0, 2] + json), auto) == .json(from: 5))
        #expect(try await decode(message(json), auto) == .plain)
        #expect(
            try await decode(message(json), avro)
                == .rejected(
                    cause: "no-schema",
                    reason: "the record has no schema of a schema registry, as source.format: avro expects; "
                        + "auto takes text and JSON too"))
        #expect(
            try await decode(message([0, 0, 0, 0, 2] + json), avro)
                == .rejected(
                    cause: "not-avro", reason: "schema 2 is a JSON Schema, and source.format is avro: use auto"))
        #expect(
            try await decode(message([0, 0, 0, 0, 3, 0, 1]), auto)
                == .rejected(
                    cause: "protobuf",
                    reason: "schema 3 is Protobuf, which is not read: convert the topic to Avro or JSON"))
        #expect(
            try await decode(message([0, 0, 0, 0, 1, 2, 80]), auto)
                == .rejected(
                    cause: "not-avro", reason: "schema 1: the record ends early: 40 bytes are to follow, and 0 are left"
                ))
    }

    @Test func anUnknownIdIsRejectedAndAskedForAgainLater() async throws {
        let server = try RegistryServer()
        let clock = ManualClock()
        let decoders = decoders(server, clock: clock)
        let record = message([0, 0, 0, 0, 9, 2, 0x61])
        let unknown = DecodedPayload.rejected(
            cause: "unknown-schema", reason: "the schema registry has no schema 9")
        #expect(try await decode(record, decoders) == unknown)
        server.register(9, schema: #""string""#)
        #expect(try await decode(record, decoders) == unknown)
        #expect(server.state.value.requests.count == 1)
        clock.advance(by: .seconds(31))
        #expect(try await decode(record, decoders) == .value(.string("a")))
    }

    @Test func schemasThatCannotBeUsedAreRejectedInWords() async throws {
        let server = try RegistryServer()
        server.register(1, schema: #"{"type":"record","name":"R"}"#)
        server.set("/schemas/ids/2", "<html>")
        server.register(3, schema: #"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#)
        let decoders = decoders(server)
        #expect(
            try await decode(message([0, 0, 0, 0, 1]), decoders)
                == .rejected(
                    cause: "unusable-schema",
                    reason: "schema 1 cannot be used: the record R of the schema has no fields"))
        #expect(
            try await decode(message([0, 0, 0, 0, 2]), decoders)
                == .rejected(
                    cause: "unusable-schema",
                    reason: "the schema registry's answer for schema 2 is not a schema in JSON"))
        #expect(
            try await decode(message([0, 0, 0, 0, 3]), decoders)
                == .rejected(
                    cause: "not-avro", reason: "schema 3: the record is nested more than 128 levels deep"))
    }

    @Test func anUnavailableRegistryIsRetriedAndARefusalStops() async throws {
        let server = try RegistryServer()
        let decoders = decoders(server)
        for (status, action) in [(UInt32(503), FailureAction.retry), (404, .retry), (401, .stop), (403, .stop)] {
            server.state.update { $0.outage = RegistryServer.Answer(status: status, body: "") }
            let error = await #expect(throws: ConnectorError.self) {
                try await self.decode(message([0, 0, 0, 0, 1]), decoders)
            }
            #expect(error?.action == action)
        }
        server.state.update { $0.outage = nil }
        server.register(1, schema: #""null""#)
        #expect(try await decode(message([0, 0, 0, 0, 1]), decoders) == .value(.null))
        // What is known needs no registry.
        server.state.update { $0.outage = RegistryServer.Answer(status: 503, body: "") }
        #expect(try await decode(message([0, 0, 0, 0, 1]), decoders) == .value(.null))
        #expect(try await decode(message(Array("text".utf8)), decoders) == .plain)
    }

    @Test func theSchemaUsedLongestAgoIsForgotten() async throws {
        let server = try RegistryServer()
        for id in 1...3 { server.register(id, schema: #""null""#) }
        let decoders = decoders(server, capacity: 2)
        let records = (1...3).map { message([0, 0, 0, 0, UInt8($0)]) }
        for index in [0, 1, 0, 2, 0, 1] { _ = try await decode(records[index], decoders) }
        #expect(server.state.value.requests == [1, 2, 3, 2].map { "/schemas/ids/\($0)" })
        // What one poll needs is kept, whatever the capacity.
        let decoder = try await decoders.decoder(for: records)
        #expect(records.map { decoder.decode($0) } == Array(repeating: .value(.null), count: 3))
    }
}
