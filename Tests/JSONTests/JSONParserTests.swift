import Testing

@testable import JSON

struct JSONParserTests {
    private func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    private func refusal(_ text: String) -> String? {
        do {
            _ = try parse(text)
            return nil
        } catch {
            return "\(error.line): \(error.reason)"
        }
    }

    @Test func keepsDuplicateAndEquivalentKeys() throws {
        guard case .object(let members) = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2, \"a\": 3, \"a\": 4}") else {
            Issue.record("not an object")
            return
        }
        #expect(members.count == 4)
    }

    @Test func readsEscapes() throws {
        guard case .string(let text) = try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#) else {
            Issue.record("not a string")
            return
        }
        #expect(text.unicodeScalars.map(\.value) == [0x22, 0x5C, 0x2F, 8, 0xC, 0xA, 0xD, 9, 0xE9, 0x1F600])
    }

    @Test func readsNumbers() throws {
        for (text, expected) in [("0", 0.0), ("-12", -12), ("1.5e3", 1500), ("30521", 30521)] {
            guard case .number(let number) = try parse(text) else {
                Issue.record("not a number")
                return
            }
            #expect(number == expected)
        }
    }

    @Test func refusesWhatIsNotJSON() {
        #expect(refusal("") == "1: expected a value")
        #expect(refusal("{\n\"a\" 1}") == "2: expected a colon")
        #expect(refusal("[1, 2") == "1: expected a comma or ]")
        #expect(refusal("{\"a\": 1,}") == "1: expected a key in quotes")
        #expect(refusal("\"abc") == "1: unterminated string")
        #expect(refusal("\"\\ud800\"") == "1: lone surrogate")
        #expect(refusal("\"\\ud800\\u0041\"") == "1: lone surrogate")
        #expect(refusal("\"\\x\"") == "1: unknown escape")
        #expect(refusal("\"a\u{1}\"") == "1: control character in a string")
        #expect(refusal("1 2") == "1: text after the end of the document")
        #expect(refusal("nul") == "1: expected a value")
        #expect(refusal("1e999") == "1: number too large")
    }

    @Test func refusesDocumentsThatAreTooDeep() {
        #expect(refusal(String(repeating: "[", count: 100_000)) == "1: nested too deeply")
    }

    @Test func refusesDocumentsOfTooManyValues() {
        let many = "[" + String(repeating: "1,", count: 5_000_001) + "1]"
        #expect(refusal(many) == "1: more than 5000000 values")
    }

    @Test func repeatedKeysAreFoundAtAnyDepth() throws {
        #expect(try parse(#"{"a": [{"b": 1, "c": {"d": 1, "e": 2, "d": 3}}]}"#).repeatedKey == "d")
        #expect(try parse(#"{"a": {"b": 1}, "c": {"b": 1}}"#).repeatedKey == nil)
        #expect(try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}").repeatedKey == nil)
    }

    // MARK: - The scanner alone

    private func scan<Value>(_ text: String, _ body: (inout JSONScanner) throws(JSONSyntaxError) -> Value) throws
        -> Value
    {
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return try body(&scanner)
        }
    }

    @Test func sizesAreWholeNumbersFromZeroUp() throws {
        func size(_ text: String) -> Int? {
            try? scan(text) { (scanner) throws(JSONSyntaxError) in try scanner.size() }
        }
        #expect(size(" 0") == 0)
        #expect(size("9223372036854775807") == .max)
        for text in ["", "-1", "1.0", "1e3", "9223372036854775808", "99999999999999999999", "x", "\"1\"", "+1"] {
            #expect(size(text) == nil, "\(text)")
        }
    }

    @Test(arguments: ["-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "0x1", "NaN", "Infinity", "-x"])
    func refusesWhatIsNoNumber(text: String) {
        #expect(refusal(text) != nil)
    }

    @Test(arguments: ["01", "-01", "00"])
    func numbersHaveNoLeadingZeros(text: String) {
        #expect(refusal(text) == "1: text after the end of the document")
    }

    @Test func nestingIsLimitedByOpenObjectsAndArrays() {
        func nested(_ depth: Int) -> String {
            String(repeating: "{\"a\":[", count: depth / 2) + String(repeating: "]}", count: depth / 2)
        }
        #expect(refusal(nested(256)) == nil)
        #expect(refusal(nested(258)) == "1: nested too deeply")
        // What is closed does not count.
        #expect(refusal("[" + String(repeating: "[],", count: 1000) + "[]]") == nil)
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect(throws: JSONSyntaxError(reason: "not UTF-8", line: 1)) { try JSONParser.parse([0x22, 0xC3, 0x22]) }
    }

    @Test func loneSurrogatesAreReplacedOnRequest() throws {
        let text = #""\ud83d\u0041\ude00\ud83d\ud83d\ude00" 7"#
        try Array(text.utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, replacesLoneSurrogates: true)
            let string = try scanner.quoted()
            #expect(string == "\u{FFFD}A\u{FFFD}\u{FFFD}\u{1F600}")
            #expect(scanner.replacedSurrogates == 3)
            #expect(try JSONParser.value(&scanner).summary == "7")
            try scanner.end()
            #expect(scanner.position == bytes.count)
        }
    }

    @Test func whatFollowsTheDocumentIsRefused() {
        func end(_ text: String) -> Bool {
            let result: Void? = try? scan(text) { (scanner) throws(JSONSyntaxError) in
                _ = try scanner.quoted()
                try scanner.end()
            }
            return result != nil
        }
        #expect(end("\"a\" \n"))
        #expect(!end("\"a\" b"))
    }
}
