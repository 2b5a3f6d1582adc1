import JSON
import Testing

@testable import Avro

struct AvroSchemaTests {
    private func reason(_ schema: String, references: [String] = []) -> String? {
        do throws(AvroError) {
            _ = try AvroSchema(schema, references: references)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [
        ("{", "the schema is not JSON"), ("7", "has 7 where a type must be"), ("\"colour\"", "names the type colour"),
        ("{}", "a type without \"type\""), (#"[["null"]]"#, "a union within a union"),
        (#"{"type":"array"}"#, "an array without items"), (#"{"type":"map"}"#, "a map without values"),
        (#"{"type":"record","fields":[]}"#, "without a name"),
        (#"{"type":"record","name":"R"}"#, "R of the schema has no fields"),
        (#"{"type":"record","name":"R","fields":[{"name":"a"}]}"#, "a field without name or type"),
        (#"{"type":"enum","name":"E"}"#, "no symbols"),
        (#"{"type":"enum","name":"E","symbols":[1]}"#, "a symbol that is no string"),
        (#"{"type":"fixed","name":"F","size":-1}"#, "no size"),
        (#"{"type":"fixed","name":"F","size":1e300}"#, "no size"),
        (
            #"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]"#,
            "defines the type F twice"
        ),
        (String(repeating: "[", count: 300), "nested too deeply"),
    ])
    func whatIsNoSchemaIsRefusedInWords(schema: String, words: String) {
        #expect(reason(schema)?.contains(words) == true, "\(reason(schema) ?? "no error")")
    }

    @Test func namesAreFoundInTheirNamespace() throws {
        let schema = try AvroSchema(
            #"""
            {"type":"record","name":"R","namespace":"a.b","fields":[
              {"name":"x","type":{"type":"enum","name":"E","symbols":["A"]}},
              {"name":"y","type":"a.b.E"},{"name":"z","type":"E"},
              {"name":"other","type":{"type":"record","name":"c.S","fields":[
                {"name":"f","type":{"type":"fixed","name":"F","size":1}},{"name":"g","type":"F"}]}},
              {"name":"h","type":"c.F"}]}
            """#)
        #expect(schema.names == ["a.b.R", "a.b.E", "c.S", "c.F"])
        #expect(
            reason(#"{"type":"record","name":"a.R","fields":[{"name":"f","type":"b.R"}]}"#)
                == "the schema names the type b.R, which it does not define")
    }

    @Test func referencesAreKnownToTheSchemasAfterThem() throws {
        let address = #"{"type":"record","name":"shop.Address","fields":[{"name":"city","type":"string"}]}"#
        let customer =
            #"{"type":"record","name":"shop.Customer","fields":[{"name":"at","type":"shop.Address"}]}"#
        let order = #"{"type":"record","name":"shop.Order","fields":[{"name":"by","type":"Customer"}]}"#
        let schema = try AvroSchema(order, references: [address, customer])
        let value = try AvroDecoder.decode([0x04, 0x55, 0x6C][...], schema: schema)
        #expect(value.text == #"{"by":{"at":{"city":"Ul"}}}"#)
        #expect(reason(order, references: [address]) == "the schema names the type Customer, which it does not define")
    }

    @Test func aWriterMayUseAnotherSchemaForEachRecord() throws {
        let old = try AvroSchema(#"{"type":"record","name":"R","fields":[{"name":"text","type":"string"}]}"#)
        let new = try AvroSchema(
            #"""
            {"type":"record","name":"R","fields":[
              {"name":"lang","type":["null","string"],"default":null},{"name":"text","type":"string"}]}
            """#)
        #expect(try AvroDecoder.decode([0x02, 0x61][...], schema: old)["text"] == .string("a"))
        #expect(try AvroDecoder.decode([0x00, 0x02, 0x61][...], schema: new)["text"] == .string("a"))
    }
}
