import Foundation
import JSON
import TestSupport
import Testing

struct JSONWriterTests {
    @Test func objectsKeepTheirOrderOnOneLine() {
        let value = JSONValue.object([
            ("b", .array([.null, .boolean(true), .integer(.max)])), ("a", .object([])), ("b", .number(-0.5)),
        ])
        #expect(value.text == #"{"b":[null,true,9223372036854775807],"a":{},"b":-0.5}"#)
    }

    @Test func stringsAreEscaped() {
        let value = JSONValue.string("\"\\/\n\r\t\u{0}\u{1F}\u{7F}\u{2028}\u{2029}\u{20AC}ä😀")
        #expect(value.text == #""\"\\/\n\r\t\u0000\u001f\u007f\u2028\u2029€ä😀""#)
    }

    @Test func numbersAreWrittenWithTheDigitsTheyNeed() {
        #expect(JSONValue.float(0.1).text == "0.1")
        #expect(JSONValue.number(0.1 + 0.2).text == "0.30000000000000004")
        #expect(JSONValue.number(1e300).text == "1e+300")
    }

    @Test func whatIsNotFiniteBecomesNull() {
        for value in [JSONValue.number(.nan), .number(.infinity), .float(-.infinity), .optional(nil as Double?)] {
            #expect(value.text == "null")
        }
    }

    @Test func equalityIsThatOfTheBytes() {
        #expect(JSONValue.string("a") == .string("a"))
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(JSONValue.object([("a", .null), ("b", .null)]) != .object([("b", .null), ("a", .null)]))
    }

    /// Random documents: what is written reads back as the same value, also with Foundation's reader.
    @Test func whatIsWrittenReadsBack() throws {
        var random = TestRandom(seed: 3)
        for _ in 0..<1000 {
            let value = value(depth: 3, using: &random)
            let bytes = Array(value.text.utf8)
            #expect(try JSONParser.parse(bytes) == value)
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            }
        }
    }

    private func value(depth: Int, using random: inout TestRandom) -> JSONValue {
        switch random.next() % (depth == 0 ? 4 : 6) {
        case 0: return .null
        case 1: return .boolean(random.next() % 2 == 0)
        case 2: return .number(Double(Int64(bitPattern: random.next())) * 0x1p-40)
        case 3: return .string(text(using: &random))
        case 4: return .array((0..<Int(random.next() % 4)).map { _ in value(depth: depth - 1, using: &random) })
        default:
            // Foundation refuses a key that occurs twice.
            return .object((0..<Int(random.next() % 4)).map { ("\($0)", value(depth: depth - 1, using: &random)) })
        }
    }

    private func text(using random: inout TestRandom) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int(random.next() % 8) {
            let limit: UInt64 = [0x80, 0x800, 0x3000, 0x11_0000][Int(random.next() % 4)]
            if let scalar = Unicode.Scalar(UInt32(random.next() % limit)) { text.append(scalar) }
        }
        return String(text)
    }
}
