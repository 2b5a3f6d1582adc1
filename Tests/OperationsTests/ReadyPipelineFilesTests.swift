import Foundation
import Pipelines
import Serving
import TestSupport
import Testing

@testable import Operations

/// The files in `pipelines/`, with records as the programs write them.
struct ReadyPipelineFilesTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("pipelines").path

    private static func read(_ name: String, variables: [String: String] = [:]) throws -> PipelineConfiguration {
        try PipelineFile.read(
            path: name.hasPrefix("/") ? name : "\(folder)/\(name)",
            environment: PipelineEnvironment(
                variables: ["DATABASE_URL": "postgresql://localhost/texts"].merging(variables) { $1 },
                workingDirectory: folder))
    }

    private func reading(
        _ file: String, _ payload: String, headers: [(name: String, value: [UInt8]?)] = []
    ) throws -> MessageReader.Reading {
        let pipeline = try Self.read(file)
        return reader(pipeline).read(
            message(Array(payload.utf8), headers: headers), decoder: PlainDecoder(format: pipeline.source.format))
    }

    private func reader(_ pipeline: PipelineConfiguration) -> MessageReader {
        MessageReader(router: pipeline.router, extractor: pipeline.extractor, markup: pipeline.source.strip)
    }

    private func message(_ payload: [UInt8], headers: [(name: String, value: [UInt8]?)] = []) -> SourceMessage {
        SourceMessage(origin: Origin(topic: "t", partition: 0, offset: 0), payload: payload, headers: headers)
    }

    private static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test func everyFileIsValid() throws {
        let names = try Self.names()
        #expect(names.count >= 10)
        for name in names {
            let pipeline = try Self.read(name)
            #expect(pipeline.reviewSource().problems.isEmpty, "\(name)")
            #expect(pipeline.reviewPublisher().problems.isEmpty, "\(name)")
            // Every task has an example, so that `lorikeet test` says something of each.
            let exemplified = Set(pipeline.examples.map(\.task))
            if name != "documents.yaml" { #expect(exemplified == Set(pipeline.tasks.map(\.name)), "\(name)") }
            let routed = Set(pipeline.routes.flatMap(\.tasks))
            #expect(routed == Set(pipeline.tasks.map(\.name)), "\(name)")
        }
    }

    /// One daemon can run them all: names and groups differ, tasks of one name are the same task.
    @Test func theFilesFitTogether() throws {
        let environment = PipelineEnvironment(
            variables: ["DATABASE_URL": "postgresql://localhost/texts"], workingDirectory: Self.folder)
        let files = try Self.names().map { "\(Self.folder)/\($0)" }
        let configuration = try DaemonConfiguration.read(files: files, environment: environment)
        #expect(configuration.pipelines.count == files.count)
        #expect(Set(configuration.pipelines.map(\.source.group)).count == files.count)
    }

    @Test func everyFileNamesTheSchemaAndHasARowInTheTable() throws {
        let page = try String(contentsOfFile: "\(Self.folder)/README.md", encoding: .utf8)
        for name in try Self.names() {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            #expect(text.hasPrefix("# yaml-language-server: $schema=../docs/pipeline-file.schema.json\n"), "\(name)")
            #expect(text.contains("\n#"), "\(name) has no comment")
            let row = page.split(separator: "\n").first { $0.hasPrefix("| [\(name)](\(name)) |") }
            for task in try Self.read(name).tasks { #expect(row?.contains("`\(task.name)`") == true, "\(name)") }
        }
    }

    @Test func theFilesTextsAreRead() throws {
        let ticket = #"{"channel":"chat","subject":"No invoice","body":"<p>I never got one</p>"}"#
        #expect(
            try reading("support.yaml", ticket)
                == .text("No invoice\nI never got one", tasks: ["urgency", "team", "satisfaction"]))
        let call = #"{"channel":"telephone","body":"The line is dead"}"#
        #expect(try reading("support.yaml", call) == .text("The line is dead", tasks: ["urgency", "team"]))
        #expect(try reading("moderation.yaml", "Thanks, that helped") == .text("Thanks, that helped", tasks: ["abuse"]))
        // Without the header `lang`.
        #expect(try reading("news.yaml", #"{"headline":"Rates rise","kind":"report"}"#) == .unrouted)
    }

    private static let row = #"{"id":7,"subject":"No invoice","body":"<p>I never<br>got one</p>"}"#

    @Test(arguments: [
        (#"{"before":null,"after":ROW,"source":{"db":"shop"},"op":"c","ts_ms":1}"#, true),
        (#"{"before":ROW,"after":ROW,"op":"u","ts_ms":1}"#, true), (#"{"before":null,"after":ROW,"op":"r"}"#, true),
        (#"{"before":ROW,"after":null,"op":"d","ts_ms":1}"#, false),
    ])
    func debeziumsEnvelopeIsRead(envelope: String, isLabelled: Bool) throws {
        let reading = try reading("debezium.yaml", envelope.replacingOccurrences(of: "ROW", with: Self.row))
        #expect(reading == (isLabelled ? .text("No invoice\nI never\ngot one", tasks: ["urgency"]) : .unrouted))
        let pipeline = try Self.read("debezium.yaml")
        // Deletions and the tombstones behind them leave no rejected row.
        #expect(pipeline.unrouted == .drop && pipeline.source.nullPayload == .drop)
        #expect(pipeline.decoders != nil)
    }

    /// As Debezium's converter for Avro writes the envelope.
    private static let envelope = #"""
        {"type":"record","name":"Envelope","namespace":"shop.public.tickets","fields":[
          {"name":"before","default":null,"type":["null",{"type":"record","name":"Value","fields":[
            {"name":"id","type":"long"},{"name":"subject","type":["null","string"]},{"name":"body","type":"string"}]}]},
          {"name":"after","type":["null","Value"],"default":null},
          {"name":"op","type":"string"},{"name":"ts_ms","type":["null","long"],"default":null}]}
        """#

    @Test func debeziumsEnvelopeIsReadAsAvro() async throws {
        let server = try RegistryServer()
        server.register(5, schema: Self.envelope)
        let pipeline = try Self.read("debezium.yaml", variables: ["SCHEMA_REGISTRY": server.url])
        let decoders = try #require(pipeline.decoders)
        /// A string in Avro, of at most 63 bytes.
        func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count * 2)] + Array(text.utf8) }
        func record(_ parts: [UInt8]...) -> SourceMessage { message([0, 0, 0, 0, 5] + parts.flatMap { $0 }) }
        let row: [UInt8] = [2, 14, 2] + string("No invoice") + string("<p>I never<br>got one</p>")
        let withoutSubject: [UInt8] = [2, 14, 0] + string("Help")
        let messages = [
            record([0], row, string("c"), [0]), record(row, withoutSubject, string("u"), [0]),
            record(row, [0], string("d"), [0]),
        ]
        let decoder = try await decoders.decoder(for: messages)
        let readings = messages.map { reader(pipeline).read($0, decoder: decoder) }
        await decoders.close()
        #expect(
            readings == [
                .text("No invoice\nI never\ngot one", tasks: ["urgency"]), .text("Help", tasks: ["urgency"]), .unrouted,
            ])
        #expect(server.state.value.requests == ["/schemas/ids/5"])
    }

    @Test func aColumnThatIsNullIsLeftOut() throws {
        let envelope = #"{"after":{"subject":null,"body":"Help"},"op":"c"}"#
        #expect(try reading("debezium.yaml", envelope) == .text("Help", tasks: ["urgency"]))
    }

    @Test(arguments: [
        (#"{"title":"Great","text":"Fits well"}"#, "com.example.review.created", "Great\nFits well"),
        (#"{"text":"Fits well"}"#, "com.example.review.changed", "Fits well"),
        (#"{"title":"Great","text":"Fits well"}"#, "com.example.review.deleted", nil),
    ])
    func cloudEventsAreReadInStructuredMode(data: String, type: String, text: String?) throws {
        let event = #"{"specversion":"1.0","id":"A-1","source":"/shop","type":"\#(type)","data":\#(data)}"#
        #expect(
            try reading("cloudevents.yaml", event) == text.map { .text($0, tasks: ["mood"]) } ?? .unrouted)
    }

    /// With the lines that the file's comment and docs/formats.md name.
    @Test func cloudEventsAreReadInBinaryMode() throws {
        let structured = try String(contentsOfFile: "\(Self.folder)/cloudevents.yaml", encoding: .utf8)
        let binary = structured.replacing("text: [/data/title, /data/text]", with: "text: [/title, /text]")
            .replacing("{ json: { /type: com.example", with: "{ header: { ce_type: com.example")
        let folder = try TemporaryFolder()
        let file = try folder.write("binary.yaml", binary)
        func reading(_ type: String) throws -> MessageReader.Reading {
            try self.reading(
                file, #"{"title":"Great","text":"Fits well"}"#,
                headers: [("ce_specversion", Array("1.0".utf8)), ("ce_type", Array(type.utf8))])
        }
        #expect(try reading("com.example.review.created") == .text("Great\nFits well", tasks: ["mood"]))
        #expect(try reading("com.example.review.changed") == .text("Great\nFits well", tasks: ["mood"]))
        #expect(try reading("com.example.review.deleted") == .unrouted)
    }
}
