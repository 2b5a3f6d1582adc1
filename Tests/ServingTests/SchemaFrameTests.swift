import Testing

@testable import Serving

struct SchemaFrameTests {
    private func frame(
        _ payload: [UInt8]?, headers: [(name: String, value: [UInt8]?)] = []
    ) -> SchemaFrame? {
        SchemaFrame(
            SourceMessage(
                origin: Origin(topic: "t", partition: 0, offset: 0), payload: payload, headers: headers))
    }

    @Test func confluentsFrameIsAZeroByteAndAnId() {
        #expect(frame([0, 0, 0, 1, 2, 9])?.reference == .id(258))
        #expect(frame([0, 0xFF, 0xFF, 0xFF, 0xFF])?.reference == .id(4_294_967_295))
        #expect(frame([0, 0, 0, 1, 2, 9])?.start == 5)
        #expect(frame([0, 0, 0, 1]) == nil && frame([1, 0, 0, 1, 2]) == nil && frame([]) == nil && frame(nil) == nil)
        #expect(frame(Array("{\"a\":1}".utf8)) == nil)
    }

    @Test func anIdMayBeInAHeader() {
        let name = "__value_schema_id"
        #expect(frame([7], headers: [("x", nil), (name, [0, 0, 0, 0, 42])])?.reference == .id(42))
        #expect(frame([7], headers: [(name, [0, 0, 0, 0, 42])])?.start == 0)
        #expect(
            frame([7], headers: [(name, [1] + Array(0...15))])?.reference
                == .guid("00010203-0405-0607-0809-0a0b0c0d0e0f"))
        #expect(
            frame([7], headers: [("apicurio.value.contentId", [0, 0, 0, 0, 0, 0, 1, 0])])?.reference == .id(256))
        #expect(frame([7], headers: [(name, nil), (name, [0, 1]), (name, [2, 0, 0, 0, 1])]) == nil)
        // A header goes before what the payload looks like.
        #expect(frame([0, 0, 0, 0, 9], headers: [(name, [0, 0, 0, 0, 42])])?.reference == .id(42))
    }

    @Test(arguments: [nil, RecordFormat.text])
    func aFrameIsNeverTakenForAText(format: RecordFormat?) {
        let message = SourceMessage(
            origin: Origin(topic: "t", partition: 0, offset: 0), payload: [0, 0, 0, 0, 42] + Array("words".utf8))
        let reader = MessageReader(router: Router(routes: [Route(tasks: ["a"])]), extractor: .wholeMessage)
        #expect(
            reader.read(message, decoder: PlainDecoder(format: format))
                == .rejected(
                    .decode, cause: "schema-frame",
                    reason: "the record begins with the frame of a schema registry (schema 42): "
                        + "set source.format: auto and source.schema_registry.url"))
    }

    @Test func theFrameOfJSONSchemaIsSkipped() {
        let framed = SourceMessage(
            origin: Origin(topic: "t", partition: 0, offset: 0),
            payload: [0, 0, 0, 0, 42] + Array("[\"some\", \"words\"]".utf8))
        let reader = MessageReader(router: Router(routes: [Route(tasks: ["a"])]), extractor: .wholeMessage)
        #expect(reader.read(framed, decoder: PlainDecoder(format: .json)) == .text("some\nwords", tasks: ["a"]))
    }
}
