import Testing

@testable import JSON
@testable import Serving

private func message(
    _ payload: String, topic: String = "texts", key: String? = nil, headers: [(name: String, value: [UInt8]?)] = []
) -> SourceMessage {
    SourceMessage(
        origin: Origin(topic: topic, partition: 0, offset: 0), key: key.map { Array($0.utf8) },
        payload: Array(payload.utf8), headers: headers)
}

struct MessageReaderTests {
    private func reader(
        text: String? = "/description", routes: [Route] = [Route(tasks: ["section"])], limit: Int = 1 << 20
    ) throws -> MessageReader {
        let extractor = try text.map { TextExtractor.pointer(try JSONPointer($0)) } ?? .wholeMessage
        return MessageReader(router: Router(routes: routes), extractor: extractor, maximumMessageBytes: limit)
    }

    @Test func readsTheTextAtThePointer() throws {
        let reading = try reader().read(message(#"{"name":"gnuchess","description":"Plays chess"}"#))
        #expect(reading == .text("Plays chess", tasks: ["section"]))
    }

    @Test func takesTheWholeMessageWithoutAPointer() throws {
        #expect(try reader(text: nil).read(message("{not json")) == .text("{not json", tasks: ["section"]))
    }

    @Test func anEmptyPointerIsAWholeJSONString() throws {
        #expect(try reader(text: "").read(message(#""chess""#)) == .text("chess", tasks: ["section"]))
    }

    @Test(arguments: [
        (#"{"description":"#, RejectionStage.decode, "not-json", "the payload is not JSON"),
        ("plain words", .decode, "not-json", "the payload is not JSON"),
        (#"{"name":"x"}"#, .extract, "no-text", "the payload has nothing at /description"),
        (#"{"description":7}"#, .extract, "not-a-string", "the value at /description is not a string"),
        (#"{"description":null}"#, .extract, "not-a-string", "the value at /description is not a string"),
        (#"{"description":["x",1]}"#, .extract, "not-a-string", "the value at /description is not a string"),
        (#"{"description":[["x"]]}"#, .extract, "not-a-string", "the value at /description is not a string"),
        (#"{"description":[]}"#, .extract, "empty", "the text is empty"),
        (#"{"description":""}"#, .extract, "empty", "the text is empty"),
        (#"{"description":" \n\u0000\u00a0"}"#, .extract, "empty", "the text is blank"),
    ])
    func rejectsWhatHasNoText(payload: String, stage: RejectionStage, cause: String, reason: String) throws {
        #expect(try reader().read(message(payload)) == .rejected(stage, cause: cause, reason: reason))
    }

    @Test func stringsOfAnArrayAreJoined() throws {
        let message = message(#"{"description":["Plays chess",null,"","with you"]}"#)
        #expect(try reader().read(message) == .text("Plays chess\nwith you", tasks: ["section"]))
    }

    @Test(arguments: [
        (#"{"subject":"Hi","body":"there"}"#, "Hi\nthere"), (#"{"body":"there","subject":"Hi"}"#, "Hi\nthere"),
        (#"{"subject":null,"body":["a","b"]}"#, "a\nb"), (#"{"body":"there"}"#, "there"),
    ])
    func severalPointersAreJoined(payload: String, text: String) throws {
        let pointers = try ["/subject", "/body"].map { try JSONPointer($0) }
        let reader = MessageReader(router: Router(routes: [Route(tasks: ["a"])]), extractor: .pointers(pointers))
        #expect(reader.read(message(payload)) == .text(text, tasks: ["a"]))
    }

    @Test(arguments: [
        (#"{"subject":null}"#, "no-text", "the payload has nothing at /subject and /body"),
        (#"{"subject":"Hi","body":7}"#, "not-a-string", "the value at /body is not a string"),
        (#"{"subject":"","body":""}"#, "empty", "the text is empty"),
    ])
    func pointersWithoutATextAreRejected(payload: String, cause: String, reason: String) throws {
        let pointers = try ["/subject", "/body"].map { try JSONPointer($0) }
        let reader = MessageReader(router: Router(routes: [Route(tasks: ["a"])]), extractor: .pointers(pointers))
        #expect(reader.read(message(payload)) == .rejected(.extract, cause: cause, reason: reason))
    }

    @Test func htmlIsTakenOutOfEachPart() throws {
        let pointers = try ["/subject", "/body"].map { try JSONPointer($0) }
        let reader = MessageReader(
            router: Router(routes: [Route(tasks: ["a"])]), extractor: .pointers(pointers), markup: .html)
        let mail = message(#"{"subject":"1 < 2 <!-- ","body":"<p>a&amp;b</p><p>c</p>"}"#)
        #expect(reader.read(mail) == .text("1 < 2 <!--\na&b\nc", tasks: ["a"]))
        #expect(
            reader.read(message(#"{"body":"<br>"}"#))
                == .rejected(.extract, cause: "empty", reason: "the text is empty"))
    }

    private struct Fixed: PayloadDecoder {
        let value: JSONValue
        func decode(_ message: SourceMessage) -> DecodedPayload { .value(value) }
    }

    /// The key that a message has after it was read.
    private func key(
        _ payload: String, decoder: any PayloadDecoder = PlainDecoder(), text: String? = "/body"
    ) throws -> (key: String?, reading: MessageReader.Reading) {
        let reader = MessageReader(
            router: Router(routes: [Route(tasks: ["a"])]),
            extractor: try text.map { TextExtractor.pointer(try JSONPointer($0)) } ?? .wholeMessage,
            key: try JSONPointer("/customer/id"))
        var record = message(payload, key: "own")
        let reading = reader.open(&record, decoder: decoder)
        return (record.key.map { String(decoding: $0, as: UTF8.self) }, reading)
    }

    @Test(arguments: [
        ("\"c-7\"", "c-7"), ("\"\"", ""), ("7", "7"), ("-1.50", "-1.50"), ("9007199254740993", "9007199254740993"),
        ("true", "true"), ("false", "false"), ("null", nil),
    ])
    func theKeyIsTheScalarAtItsPointer(value: String, expected: String?) throws {
        let found = try key(#"{"customer":{"id": \#(value) },"body":"x"}"#)
        #expect(found.key == expected && found.reading == .text("x", tasks: ["a"]))
    }

    @Test func withoutAValueAtThePointerThereIsNoKey() throws {
        #expect(try key(#"{"body":"x"}"#).key == nil)
        let plain = try key("just words", text: nil)
        #expect(plain.key == nil && plain.reading == .text("just words", tasks: ["a"]))
        // Nothing is known of a record that cannot be decoded: it keeps its own key.
        #expect(try key("{").key == "own")
    }

    @Test(arguments: ["{}", "[]", #"["c-7"]"#])
    func aKeyThatIsNoScalarIsRejected(value: String) throws {
        let found = try key(#"{"customer":{"id":\#(value)},"body":"x"}"#)
        #expect(
            found.reading
                == .rejected(
                    .extract, cause: "not-a-key", reason: "the key at /customer/id is an object or an array"))
        #expect(found.key == nil)
    }

    @Test func theKeyOfADecodedValueIsExact() throws {
        func decoded(_ id: JSONValue) throws -> String? {
            let value = JSONValue.object([("customer", .object([("id", id)])), ("body", .string("x"))])
            return try key("", decoder: Fixed(value: value)).key
        }
        #expect(try decoded(.integer(9_007_199_254_740_993)) == "9007199254740993")
        #expect(try decoded(.number(1.5)) == "1.5")
        #expect(try decoded(.boolean(true)) == "true")
        #expect(try decoded(.null) == nil)
    }

    @Test func routesSeeTheKeyOfThePayloadAndItsValue() throws {
        let pointer = try JSONPointer("/id")
        let routes = [
            Route(conditions: [.keyPrefix("42")], tasks: ["a"]),
            Route(conditions: [.json(pointer: pointer, value: .number(420))], tasks: ["b"]),
        ]
        let reader = MessageReader(
            router: Router(routes: routes), extractor: .pointer(try JSONPointer("/body")), key: pointer)
        #expect(reader.read(message(#"{"id":420,"body":"x"}"#, key: "7")) == .text("x", tasks: ["a", "b"]))
        #expect(reader.read(message(#"{"id":7,"body":"x"}"#, key: "42")) == .unrouted)
    }

    @Test func aDecodedValueIsReadAsJSONIs() throws {
        let text = #"{"a":{"b":["x",null,"y"]},"kind":1,"kind":3}"#
        let value = try JSONParser.parse(Array(text.utf8))
        let route = Route(conditions: [.json(pointer: try JSONPointer("/kind"), value: .number(3))], tasks: ["a"])
        let reader = MessageReader(
            router: Router(routes: [route]), extractor: .pointer(try JSONPointer("/a/b")))
        #expect(reader.read(message(""), decoder: Fixed(value: value)) == .text("x\ny", tasks: ["a"]))
        #expect(reader.read(message(text)) == .text("x\ny", tasks: ["a"]))
        #expect(reader.read(message(""), decoder: Fixed(value: .null)) == .unrouted)
    }

    @Test func rejectsANullPayload() throws {
        let tombstone = SourceMessage(origin: Origin(topic: "texts", partition: 0, offset: 0), payload: nil)
        #expect(
            try reader().read(tombstone)
                == .rejected(.decode, cause: "no-payload", reason: "the record has no payload"))
    }

    @Test func rejectsWhatIsNotUTF8() throws {
        let broken = SourceMessage(
            origin: Origin(topic: "texts", partition: 0, offset: 0), payload: [0x7B, 0xC3, 0x28, 0x7D])
        #expect(try reader().read(broken) == .rejected(.decode, cause: "not-utf8", reason: "the payload is not UTF-8"))
    }

    @Test func rejectsWhatIsTooLargeUnread() throws {
        let reading = try reader(text: nil, limit: 10).read(message("elevenbytes"))
        #expect(
            reading
                == .rejected(.decode, cause: "too-large", reason: "the payload has 11 bytes, more than the 10 allowed"))
        #expect(try reader(text: nil, limit: 10).read(message("tenbytes..")) != reading)
    }

    @Test func keepsNullCharactersForTheSinkToReplace() throws {
        #expect(try reader().read(message(#"{"description":"a\u0000b"}"#)) == .text("a\u{0}b", tasks: ["section"]))
    }

    @Test func anUnroutedMessageNeedsNoText() throws {
        let routes = [Route(conditions: [.topic("others")], tasks: ["section"])]
        #expect(try reader(routes: routes).read(message(#"{"kind":1}"#)) == .unrouted)
    }
}

struct RouterTests {
    private func tasks(_ routes: [Route], _ message: SourceMessage) -> [String] {
        let reading = MessageReader(router: Router(routes: routes), extractor: .wholeMessage).read(message)
        if case .text(_, let tasks) = reading { return tasks }
        return []
    }

    @Test func everyMatchingRouteCountsAndTasksComeOnce() {
        let routes = [
            Route(tasks: ["section"]), Route(conditions: [.topic("texts")], tasks: ["role", "section"]),
            Route(conditions: [.topic("others")], tasks: ["mood"]),
        ]
        #expect(tasks(routes, message("x")) == ["section", "role"])
        #expect(Router(routes: routes).tasks == ["section", "role", "mood"])
    }

    @Test func allConditionsOfARouteMustHold() {
        let route = Route(conditions: [.topic("texts"), .keyPrefix("user-")], tasks: ["role"])
        #expect(tasks([route], message("x", key: "user-7")) == ["role"])
        #expect(tasks([route], message("x", topic: "others", key: "user-7")).isEmpty)
        #expect(tasks([route], message("x", key: "usher")).isEmpty)
        #expect(tasks([route], message("x")).isEmpty)
    }

    @Test func headersMatchByNameAndValue() {
        let valued = Route(conditions: [.header(name: "kind", value: "mail")], tasks: ["role"])
        let named = Route(conditions: [.header(name: "kind", value: nil)], tasks: ["role"])
        let headers: [(name: String, value: [UInt8]?)] = [("kind", Array("chat".utf8)), ("kind", Array("mail".utf8))]
        #expect(tasks([valued], message("x", headers: headers)) == ["role"])
        #expect(tasks([valued], message("x", headers: [("kind", nil)])).isEmpty)
        #expect(tasks([named], message("x", headers: [("kind", nil)])) == ["role"])
        #expect(tasks([named], message("x", headers: [("Kind", nil)])).isEmpty)
    }

    @Test(arguments: [
        (#"{"kind":"program"}"#, JSONScalar.string("program"), true),
        (#"{"kind":"program"}"#, .string("library"), false),
        (#"{"kind":3.0}"#, .number(3), true),
        (#"{"kind":"3"}"#, .number(3), false),
        (#"{"kind":true}"#, .boolean(true), true),
        (#"{"kind":null}"#, .null, true),
        (#"{"other":null}"#, .null, false),
        (#"{"kind":{}}"#, .null, false),
        ("no json", .string("program"), false),
    ])
    func jsonFieldsMatchByTypeAndValue(payload: String, value: JSONScalar, matches: Bool) throws {
        let route = Route(conditions: [.json(pointer: try JSONPointer("/kind"), value: value)], tasks: ["role"])
        #expect(tasks([route], message(payload)) == (matches ? ["role"] : []))
    }
}
