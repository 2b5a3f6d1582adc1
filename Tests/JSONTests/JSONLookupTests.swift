import CAllocationCounter
import Foundation
import TestSupport
import Testing

@testable import JSON

struct JSONLookupTests {
    /// What stands at the pointers; `nil` if the text is not JSON.
    private func find(_ pointers: [String], in text: String) throws -> [JSONLookup.Finding]? {
        var lookup = JSONLookup()
        let indices = try pointers.map { lookup.add(try JSONPointer($0)) }
        let findings = Array(text.utf8).withUnsafeBufferPointer { lookup.findings(in: $0) }
        return findings.map { findings in indices.map { findings[$0] } }
    }

    @Test func findsNestedValues() throws {
        let text = #" {"a":{"b":[10,{"c":"x"}]},"d":true,"e":null,"":5} "#
        let found = try find(["/a/b/0", "/a/b/1/c", "/d", "/e", "/", "/a", "/a/b/2", "/a/b/00", "/x/y"], in: text)
        #expect(
            found == [
                .scalar(.number(10)), .scalar(.string("x")), .scalar(.boolean(true)), .scalar(.null),
                .scalar(.number(5)),
                .container, .missing, .missing, .missing,
            ])
    }

    @Test func stringsOfAnArrayAreOneFindingWhereAskedFor() throws {
        let pointers = ["/a", "/a/1", "/b", "/c", "/d", ""]
        let text = #"{"a":["x","\u0079",null],"b":["x",1],"c":[],"d":[["x"]]}"#
        var lookup = JSONLookup()
        let indices = try pointers.map { lookup.add(try JSONPointer($0), joinsArrays: $0.count == 2) }
        let expected: [JSONLookup.Finding] = [
            .strings(["x", "y"]), .scalar(.string("y")), .container, .strings([]), .container, .container,
        ]
        let found = Array(text.utf8).withUnsafeBufferPointer { lookup.findings(in: $0) }
        #expect(indices.map { found?[$0] } == expected)
        let inValue = lookup.findings(in: try JSONParser.parse(Array(text.utf8)))
        #expect(indices.map { inValue[$0] } == expected)
        #expect(lookup.findings(in: .integer(7)) == Array(repeating: .missing, count: 5) + [.scalar(.number(7))])
    }

    @Test func numbersKeepTheirDigitsWhereAskedFor() throws {
        let text = #"{"a": 9007199254740993 ,"b":1.50,"c":"7","d":[1]}"#
        var lookup = JSONLookup()
        for pointer in ["/a", "/b", "/c", "/d/0"] { _ = lookup.add(try JSONPointer(pointer), keepsDigits: true) }
        let found = Array(text.utf8).withUnsafeBufferPointer { lookup.findings(in: $0) }
        #expect(
            found == [
                .number(9_007_199_254_740_992, digits: "9007199254740993"), .number(1.5, digits: "1.50"),
                .scalar(.string("7")), .number(1, digits: "1"),
            ])
        let value = JSONValue.object([("a", .integer(9_007_199_254_740_993))])
        #expect(lookup.findings(in: value)[0] == .number(9_007_199_254_740_992, digits: "9007199254740993"))
    }

    @Test func keysAreFoundHoweverTheyAreEscaped() throws {
        #expect(try find(["/kind/a\"b"], in: #"{"k\u0069nd":{"a\"b":1}}"#) == [.scalar(.number(1))])
        #expect(try find(["/\u{E9}"], in: "{\"\u{E9}\":1}") == [.scalar(.number(1))])
        // Keys that look the same are not the same.
        #expect(try find(["/\u{E9}"], in: "{\"e\u{301}\":1}") == [.missing])
    }

    @Test func anArrayIsIndexedWithoutLeadingZeros() throws {
        let pointers = ["/0", "/1", "/01", "/+1", "/-", "/2"]
        #expect(
            try find(pointers, in: "[true,false]")
                == [.scalar(.boolean(true)), .scalar(.boolean(false)), .missing, .missing, .missing, .missing])
        #expect(try find(["/01", "/1"], in: #"{"01":1,"1":2}"#) == [.scalar(.number(1)), .scalar(.number(2))])
    }

    @Test func equalPointersHaveOneFinding() throws {
        var lookup = JSONLookup()
        #expect([lookup.add(try JSONPointer("/a")), lookup.add(try JSONPointer("/b"))] == [0, 1])
        #expect(lookup.add(try JSONPointer("/a")) == 0)
        #expect(lookup.pointers.count == 2)
    }

    /// It runs for every message: only the findings and the strings asked for take memory.
    @Test func valuesNobodyAsksForTakeNoMemory() throws {
        var lookup = JSONLookup()
        _ = lookup.add(try JSONPointer("/items/1/kind"))
        let long = "a string that is too long to be stored inline"
        let rest = #""\#(long)":["\#(long)",{"\#(long)":"\#(long) \u00e4"},1.5e3,[[[]]]]"#
        let small = Array(#"{"items":[{},{"kind":1}]}"#.utf8)
        let large = Array(#"{\#(rest),"items":[{\#(rest)},{\#(rest),"kind":1}],"b":{\#(rest)}}"#.utf8)
        func allocations(_ document: [UInt8]) -> UInt {
            document.withUnsafeBufferPointer { bytes in
                let before = allocation_count()
                let findings = lookup.findings(in: bytes)
                let count = allocation_count() - before
                #expect(findings == [.scalar(.number(1))])
                return count
            }
        }
        _ = allocations(small)
        #expect(allocations(large) == allocations(small))
    }

    @Test func theLaterOfTwoMembersCounts() throws {
        #expect(try find(["/a", "/a/b"], in: #"{"a":{"b":1},"a":2}"#) == [.scalar(.number(2)), .missing])
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e4\u20AC""#, "ä€"), (#""\ud83d\ude00""#, "😀"),
        (#""\ud83d""#, "\u{FFFD}"), (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\u0000""#, "\u{0}"), ("\"ä😀\"", "ä😀"), ("\u{FEFF}\"bom\"", "bom"),
    ])
    func decodesStrings(json: String, text: String) throws {
        #expect(try find([""], in: json) == [.scalar(.string(text))])
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "1.", ".5", "+1", "1e", "-", "tru", "nul", "\"",
        "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"a\nb\"", "1 2", "[1 2]", "{\"a\" 1}", "NaN", "[", "\u{FEFF}",
    ])
    func refusesWhatIsNotJSON(text: String) throws {
        #expect(try find([""], in: text) == nil)
    }

    @Test func refusesBottomlessNesting() throws {
        let depth = 100_000
        #expect(try find([""], in: String(repeating: "[", count: depth)) == nil)
        let fine = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(try find([""], in: fine) == [.container])
    }

    /// Random documents, whole and damaged: the same verdict as Foundation's reader.
    @Test func agreesWithFoundationOnWhatIsJSON() throws {
        var random = TestRandom(seed: 11)
        for _ in 0..<3000 {
            var bytes = Array(document(depth: 3, using: &random).utf8)
            if random.next() % 2 == 0, !bytes.isEmpty {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() % 0x60 + 0x20)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            #expect(try (find([""], in: text) != nil) == isJSON, "\(text)")
        }
    }

    private func document(depth: Int, using random: inout TestRandom) -> String {
        let values = (0..<Int(random.next() % 4)).map { _ in "" }
        switch random.next() % (depth == 0 ? 5 : 7) {
        case 0: return "\(Int(random.next() % 2000) - 1000)"
        case 1: return ["1.5e3", "-0.25", "0", "1E-2"][Int(random.next() % 4)]
        case 2: return ["true", "false", "null"][Int(random.next() % 3)]
        case 3, 4: return ["\"a b\"", "\"\\u00e4\\n\"", "\"\"", "\"x\\\\y\""][Int(random.next() % 4)]
        case 5:
            return "[" + values.map { _ in document(depth: depth - 1, using: &random) }.joined(separator: ", ") + "]"
        default:
            return "{"
                + values.enumerated().map { "\"k\($0.offset)\": " + document(depth: depth - 1, using: &random) }
                .joined(separator: ",") + "}"
        }
    }
}
