import Foundation
import Pipelines
import Serving
import Testing

@testable import Operations

/// The files in `pipelines/`, with records as the programs write them.
struct ReadyPipelineFilesTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("pipelines").path

    private static func read(_ name: String) throws -> PipelineConfiguration {
        try PipelineFile.read(
            path: "\(folder)/\(name)",
            environment: PipelineEnvironment(
                variables: ["DATABASE_URL": "postgresql://localhost/texts"], workingDirectory: folder))
    }

    private func reading(_ file: String, _ payload: String) throws -> MessageReader.Reading {
        let pipeline = try Self.read(file)
        let settings = pipeline.servingSettings(drainTimeout: .seconds(10))
        let reader = MessageReader(router: pipeline.router, extractor: pipeline.extractor, markup: settings.markup)
        let message = SourceMessage(
            origin: Origin(topic: "t", partition: 0, offset: 0), payload: Array(payload.utf8))
        return reader.read(message, decoder: PlainDecoder(format: settings.format))
    }

    @Test func everyFileIsValid() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 4)
        for name in names {
            let pipeline = try Self.read(name)
            #expect(pipeline.reviewSource().problems.isEmpty, "\(name)")
            #expect(!pipeline.examples.isEmpty, "\(name)")
        }
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
}
