import CAvro

/// Encodes values with Apache's own C library: an implementation that shares nothing with the decoder under test.
struct LibavroEncoder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func encode(_ sample: AvroSample, schema text: String) throws -> [UInt8] {
        var schema: avro_schema_t?
        try check(avro_schema_from_json_length(text, text.utf8.count, &schema))
        guard let schema else { throw Failure(description: "no schema") }
        defer { avro_schema_decref(schema) }
        guard let kind = avro_generic_class_from_schema(schema) else { throw Failure(description: "no class") }
        defer { lorikeet_avro_release(kind) }
        var value = avro_value_t()
        try check(avro_generic_value_new(kind, &value))
        defer { avro_value_decref(&value) }
        try fill(&value, with: sample)
        return try written(&value)
    }

    private static func check(_ code: Int32) throws {
        guard code == 0 else { throw Failure(description: String(cString: avro_strerror())) }
    }

    private static func written(_ value: inout avro_value_t) throws -> [UInt8] {
        var size = 0
        try check(avro_value_sizeof(&value, &size))
        var buffer = [CChar](repeating: 0, count: size + 1)
        let bytes = try buffer.withUnsafeMutableBufferPointer { buffer in
            let writer = avro_writer_memory(buffer.baseAddress, Int64(buffer.count))
            defer { avro_writer_free(writer) }
            try check(avro_value_write(writer, &value))
            return buffer.prefix(Int(avro_writer_tell(writer))).map { UInt8(bitPattern: $0) }
        }
        return bytes
    }

    private static func fill(_ value: inout avro_value_t, with sample: AvroSample) throws {
        switch sample {
        case .null: try check(lorikeet_avro_set_null(&value))
        case .boolean(let truth): try check(lorikeet_avro_set_boolean(&value, truth ? 1 : 0))
        case .int(let number): try check(lorikeet_avro_set_int(&value, number))
        case .long(let number): try check(lorikeet_avro_set_long(&value, number))
        case .float(let number): try check(lorikeet_avro_set_float(&value, number))
        case .double(let number): try check(lorikeet_avro_set_double(&value, number))
        case .bytes(var bytes): try check(lorikeet_avro_set_bytes(&value, &bytes, bytes.count))
        case .fixed(var bytes): try check(lorikeet_avro_set_fixed(&value, &bytes, bytes.count))
        case .string(let text):
            var bytes = text.utf8CString.map(\.self)
            try check(lorikeet_avro_set_string(&value, &bytes, bytes.count))
        case .symbol(let index, _): try check(lorikeet_avro_set_enum(&value, Int32(index)))
        case .array, .map, .branch, .fields: try fillParts(&value, with: sample)
        }
    }

    private static func fillParts(_ value: inout avro_value_t, with sample: AvroSample) throws {
        var part = avro_value_t()
        switch sample {
        case .array(let elements):
            for element in elements {
                try check(lorikeet_avro_append(&value, &part))
                try fill(&part, with: element)
            }
        case .map(let members):
            for (key, member) in members {
                try check(lorikeet_avro_add(&value, key, &part))
                try fill(&part, with: member)
            }
        case .branch(let index, let member):
            try check(lorikeet_avro_set_branch(&value, Int32(index), &part))
            try fill(&part, with: member)
        case .fields(let fields):
            for (index, field) in fields.enumerated() {
                try check(lorikeet_avro_field(&value, index, &part))
                try fill(&part, with: field.value)
            }
        default: break
        }
    }
}
