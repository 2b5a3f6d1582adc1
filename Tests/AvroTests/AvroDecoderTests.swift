import JSON
import TestSupport
import Testing

@testable import Avro

/// Decodes a record of a schema; an error as its reason.
private func decode(_ bytes: [UInt8], _ schema: String, references: [String] = []) -> String {
    do throws(AvroError) {
        return try AvroDecoder.decode(bytes[...], schema: AvroSchema(schema, references: references)).text
    } catch {
        return "error: \(error)"
    }
}

/// Records written by hand, as the specification of Avro 1.11 says (section "Binary encoding").
struct AvroDecoderTests {
    @Test(
        arguments: [
            ("\"null\"", [], "null"),
            ("\"boolean\"", [0x00], "false"), ("\"boolean\"", [0x01], "true"),
            // The table of the specification.
            ("\"int\"", [0x00], "0"), ("\"int\"", [0x01], "-1"), ("\"int\"", [0x02], "1"), ("\"int\"", [0x03], "-2"),
            ("\"long\"", [0x7F], "-64"), ("\"long\"", [0x80, 0x01], "64"),
            ("\"int\"", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], "-2147483648"),
            (
                "\"long\"", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                "9223372036854775807"
            ),
            (
                "\"long\"", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                "-9223372036854775808"
            ),
            ("\"float\"", [0x00, 0x00, 0xC0, 0x3F], "1.5"),
            ("\"double\"", [0, 0, 0, 0, 0, 0, 0xF8, 0xBF], "-1.5"),
            ("\"double\"", [0, 0, 0, 0, 0, 0, 0xF8, 0x7F], "null"),
            // "foo" is 06 66 6f 6f.
            ("\"string\"", [0x06, 0x66, 0x6F, 0x6F], "\"foo\""), ("\"string\"", [0x00], "\"\""),
            ("\"bytes\"", [0x06, 0x66, 0x6F, 0x6F], "\"foo\""),
            ("\"bytes\"", [0x04, 0xFF, 0x00], #"{"base64":"/wA="}"#),
            (#"{"type":"fixed","name":"F","size":2}"#, [0x68, 0x69], "\"hi\""),
            (#"{"type":"enum","name":"E","symbols":["A","B","C","D"]}"#, [0x06], "\"D\""),
            // The array of the specification: 3 and 27.
            (#"{"type":"array","items":"long"}"#, [0x04, 0x06, 0x36, 0x00], "[3,27]"),
            // A block with a negative count has its size in bytes.
            (#"{"type":"array","items":"long"}"#, [0x03, 0x04, 0x06, 0x36, 0x02, 0x02, 0x00], "[3,27,1]"),
            (#"{"type":"map","values":"int"}"#, [0x02, 0x02, 0x61, 0x04, 0x00], #"{"a":2}"#),
            // The union of the specification: null is 00, "a" is 02 02 61.
            (#"["null","string"]"#, [0x00], "null"), (#"["null","string"]"#, [0x02, 0x02, 0x61], "\"a\""),
            // The record of the specification: a = 27, b = "foo".
            (
                #"{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}"#,
                [0x36, 0x06, 0x66, 0x6F, 0x6F], #"{"a":27,"b":"foo"}"#
            ),
            (#"{"type":"record","name":"Empty","fields":[]}"#, [], "{}"),
            (#"{"type":{"type":"string","avro.java.string":"String"}}"#, [0x02, 0x61], "\"a\""),
            (#"{"type":"error","name":"Oops","fields":[{"name":"a","type":"int"}]}"#, [0x02], #"{"a":1}"#),
        ] as [(String, [UInt8], String)])
    func everyTypeIsRead(schema: String, bytes: [UInt8], json: String) {
        #expect(decode(bytes, schema) == json)
    }

    @Test(
        arguments: [
            (#"{"type":"int","logicalType":"date"}"#, [0x00], "\"1970-01-01\""),
            (#"{"type":"int","logicalType":"date"}"#, [0x01], "\"1969-12-31\""),
            (#"{"type":"int","logicalType":"time-millis"}"#, [0xF6, 0x01], "\"00:00:00.123\""),
            (#"{"type":"long","logicalType":"time-micros"}"#, [0x02], "\"00:00:00.000001\""),
            (#"{"type":"long","logicalType":"timestamp-millis"}"#, [0x01], "\"1969-12-31T23:59:59.999Z\""),
            (#"{"type":"long","logicalType":"timestamp-micros"}"#, [0x02], "\"1970-01-01T00:00:00.000001Z\""),
            (#"{"type":"long","logicalType":"timestamp-nanos"}"#, [0x02], "\"1970-01-01T00:00:00.000000001Z\""),
            (#"{"type":"long","logicalType":"local-timestamp-millis"}"#, [0x02], "\"1970-01-01T00:00:00.001\""),
            (#"{"type":"long","logicalType":"local-timestamp-micros"}"#, [0x02], "\"1970-01-01T00:00:00.000001\""),
            (#"{"type":"long","logicalType":"local-timestamp-nanos"}"#, [0x02], "\"1970-01-01T00:00:00.000000001\""),
            (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#, [0x04, 0x04, 0xD2], "\"12.34\""),
            (#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#, [0x02, 0xFF], "\"-0.01\""),
            (#"{"type":"bytes","logicalType":"decimal","precision":9}"#, [0x06, 0x80, 0x00, 0x00], "\"-8388608\""),
            (
                #"{"type":"fixed","name":"D","size":2,"logicalType":"decimal","precision":4,"scale":4}"#, [0x00, 0x01],
                "\"0.0001\""
            ),
            (
                #"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, Array(0...15),
                "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""
            ),
            (#"{"type":"string","logicalType":"uuid"}"#, [0x02, 0x61], "\"a\""),
            (
                #"{"type":"fixed","name":"P","size":12,"logicalType":"duration"}"#,
                [1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0],
                #"{"months":1,"days":2,"milliseconds":256}"#
            ),
            // A logical type that is unknown, or stands at the wrong type, means nothing.
            (#"{"type":"int","logicalType":"colour"}"#, [0x02], "1"),
            (#"{"type":"long","logicalType":"date"}"#, [0x02], "1"),
            (#"{"type":"bytes","logicalType":"decimal","precision":1,"scale":2}"#, [0x02, 0x61], "\"a\""),
        ] as [(String, [UInt8], String)])
    func logicalTypesAreText(schema: String, bytes: [UInt8], json: String) {
        #expect(decode(bytes, schema) == json)
    }

    @Test(arguments: [
        (-719_468, "0000-03-01"), (-719_162, "0001-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01"),
        (18_321, "2020-02-29"), (-25_509, "1900-02-28"), (-25_510, "1900-02-27"), (-25_508, "1900-03-01"),
        (2_932_896, "9999-12-31"), (-719_529, "-0001-12-31"),
    ])
    func daysAreThoseOfTheGregorianCalendar(number: Int64, text: String) {
        #expect(AvroLogical.day(number) == text)
    }

    @Test(
        arguments: [
            ("\"boolean\"", [0x02], "a boolean that is neither 0 nor 1"), ("\"int\"", [], "ends early"),
            ("\"int\"", [0x80], "ends early"),
            ("\"int\"", [0x80, 0x80, 0x80, 0x80, 0x10], "an int of more than 32 bits"),
            ("\"long\"", Array(repeating: 0xFF, count: 12), "a number of more than 64 bits"),
            ("\"string\"", [0x01], "a string of a negative length"),
            ("\"string\"", [0x08, 0x61], "4 bytes are to follow, and 1"),
            // It claims 2 GiB.
            ("\"string\"", [0x80, 0x80, 0x80, 0x80, 0x10, 0x61], "2147483648 bytes are to follow, and 1 are left"),
            ("\"bytes\"", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "ends early"),
            ("\"string\"", [0x02, 0xFF], "not UTF-8"), (#"["null","string"]"#, [0x04], "branch 2 of a union of 2"),
            (#"["null"]"#, [0x01], "branch -1 of a union of 1"),
            (#"{"type":"enum","name":"a.E","symbols":["A"]}"#, [0x02], "symbol 1 of a.E, which has 1"),
            (#"{"type":"fixed","name":"F","size":3}"#, [0, 0], "ends early"),
            ("\"null\"", [0x00], "1 bytes are left behind the record"),
            // An array of four thousand million nulls, within six bytes.
            (#"{"type":"array","items":"null"}"#, [0x80, 0x80, 0x80, 0x80, 0x20, 0x00], "more than 1000000 values"),
            (
                #"{"type":"array","items":"null"}"#, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                "a block that is too large"
            ),
            // A record that contains itself without end, within no byte.
            (#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#, [], "more than 128 levels deep"),
        ] as [(String, [UInt8], String)])
    func whatIsNotOfTheSchemaIsRefusedInWords(schema: String, bytes: [UInt8], words: String) {
        let result = decode(bytes, schema)
        #expect(result.hasPrefix("error: ") && result.contains(words), "\(result)")
    }

    @Test func aRecursiveTypeIsReadAsDeepAsItGoes() {
        let schema = #"{"type":"record","name":"List","fields":[{"name":"next","type":["null","List"]}]}"#
        #expect(decode([0x02, 0x02, 0x00], schema) == #"{"next":{"next":{"next":null}}}"#)
        let deep = decode(Array(repeating: 0x02, count: 1000) + [0x00], schema)
        #expect(deep == "error: the record is nested more than 128 levels deep")
    }

    @Test func truncatedAndChangedRecordsNeverCrash() throws {
        for seed in UInt64(1)...200 {
            var generator = AvroGenerator(seed: seed)
            let type = generator.record(depth: 3)
            let text = type.schema.text
            let schema = try AvroSchema(text)
            let bytes = try LibavroEncoder.encode(generator.sample(of: type), schema: text)
            for end in bytes.indices {
                #expect(throws: AvroError.self, "seed \(seed), cut at \(end)") {
                    try AvroDecoder.decode(bytes[..<end], schema: schema)
                }
                var changed = bytes
                changed[end] = UInt8.random(in: 0...255, using: &generator.random)
                _ = try? AvroDecoder.decode(changed[...], schema: schema)
            }
        }
    }

    @Test func whatApachesLibraryWritesIsReadBack() throws {
        for seed in UInt64(1)...400 {
            var generator = AvroGenerator(seed: seed)
            let type = generator.type()
            let text = type.schema.text
            let schema = try AvroSchema(text)
            for _ in 0..<5 {
                let sample = generator.sample(of: type)
                let bytes = try LibavroEncoder.encode(sample, schema: text)
                #expect(try AvroDecoder.decode(bytes[...], schema: schema) == sample.expected, "seed \(seed): \(text)")
            }
        }
    }
}
