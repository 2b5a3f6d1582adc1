import FoundationEssentials
import JSON

/// Decodes one record in Avro's binary encoding.
///
/// What a record claims of itself is believed only as far as its bytes go: a length beyond the end is an error before
/// anything is allocated, and depth and number of values have bounds.
public struct AvroDecoder {
    /// Deeper nesting is refused, so that a recursive type does not exhaust the stack.
    static let maximumDepth = 128
    /// More values are refused: an array of nulls may claim any number of them within a few bytes.
    static let maximumValues = 1_000_000

    private let schema: AvroSchema
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var valuesLeft = Self.maximumValues
    private var depth = 0

    private init(_ bytes: ArraySlice<UInt8>, _ schema: AvroSchema) {
        (self.bytes, self.schema, position) = (bytes, schema, bytes.startIndex)
    }

    /// The value that the bytes encode, all of them.
    ///
    /// A union is the value of its branch. A decimal is its digits; dates and times are as ISO 8601 writes them. Bytes
    /// are a string if they are UTF-8, else an object with the key `base64`.
    public static func decode(_ bytes: ArraySlice<UInt8>, schema: AvroSchema) throws(AvroError) -> JSONValue {
        var decoder = AvroDecoder(bytes, schema)
        let value = try decoder.value(schema.root)
        let left = bytes.endIndex - decoder.position
        guard left == 0 else {
            throw AvroError("\(left) bytes are left behind the record: it was written with another schema")
        }
        return value
    }

    private mutating func value(_ node: AvroSchema.Node) throws(AvroError) -> JSONValue {
        guard valuesLeft > 0 else { throw AvroError("the record has more than \(Self.maximumValues) values") }
        valuesLeft -= 1
        guard depth < Self.maximumDepth else {
            throw AvroError("the record is nested more than \(Self.maximumDepth) levels deep")
        }
        depth += 1
        defer { depth -= 1 }
        switch node {
        case .null: return .null
        case .boolean: return .boolean(try boolean())
        case .int(let logical): return AvroLogical.value(of: Int64(try int()), logical)
        case .long(let logical): return AvroLogical.value(of: try long(), logical)
        case .float: return .number(Double(Float(bitPattern: try littleEndian())))
        case .double: return .number(Double(bitPattern: try littleEndian()))
        case .bytes(let logical): return AvroLogical.value(of: try take(length("bytes")), logical)
        case .string: return .string(try string())
        case .array(let items): return .array(try array(items))
        case .map(let values): return .object(try map(values))
        case .union(let branches):
            let index = try long()
            guard index >= 0, index < branches.count else {
                throw AvroError("the record takes branch \(index) of a union of \(branches.count)")
            }
            return try value(branches[Int(index)])
        case .named(let index): return try named(index)
        }
    }

    private mutating func named(_ index: Int) throws(AvroError) -> JSONValue {
        switch schema.types[index] {
        case .record(let fields):
            var members: [(key: String, value: JSONValue)] = []
            members.reserveCapacity(fields.count)
            for field in fields { members.append((field.name, try value(field.node))) }
            return .object(members)
        case .enumeration(let symbols):
            let symbol = try int()
            guard symbol >= 0, symbol < symbols.count else {
                throw AvroError(
                    "the record takes symbol \(symbol) of \(schema.names[index]), which has \(symbols.count)")
            }
            return .string(symbols[Int(symbol)])
        case .fixed(let size, let logical): return AvroLogical.value(of: try take(size), logical)
        }
    }

    // MARK: - Blocks

    private mutating func array(_ items: AvroSchema.Node) throws(AvroError) -> [JSONValue] {
        var elements: [JSONValue] = []
        while case let count = try blockCount(), count > 0 {
            for _ in 0..<count { elements.append(try value(items)) }
        }
        return elements
    }

    private mutating func map(_ values: AvroSchema.Node) throws(AvroError) -> [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = []
        while case let count = try blockCount(), count > 0 {
            for _ in 0..<count { members.append((try string(), try value(values))) }
        }
        return members
    }

    /// A negative count is followed by the size of the block, which is of use only to those who skip it.
    private mutating func blockCount() throws(AvroError) -> Int64 {
        let count = try long()
        guard count < 0 else { return count }
        guard count != .min else { throw AvroError("the record has a block that is too large") }
        _ = try long()
        return -count
    }

    // MARK: - Primitive types

    private mutating func byte() throws(AvroError) -> UInt8 {
        guard position < bytes.endIndex else { throw AvroError("the record ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func take(_ count: Int) throws(AvroError) -> ArraySlice<UInt8> {
        let left = bytes.endIndex - position
        guard count <= left else {
            throw AvroError("the record ends early: \(count) bytes are to follow, and \(left) are left")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func length(_ type: String) throws(AvroError) -> Int {
        let length = try long()
        guard length >= 0 else { throw AvroError("the record has \(type) of a negative length") }
        return Int(length)
    }

    private mutating func boolean() throws(AvroError) -> Bool {
        let byte = try byte()
        guard byte <= 1 else { throw AvroError("the record has a boolean that is neither 0 nor 1") }
        return byte == 1
    }

    private mutating func int() throws(AvroError) -> Int32 {
        guard let value = Int32(exactly: try long()) else {
            throw AvroError("the record has an int of more than 32 bits")
        }
        return value
    }

    /// Seven bits per byte, the least significant first; signs alternate.
    private mutating func long() throws(AvroError) -> Int64 {
        var bits: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            if shift == 63, byte > 1 { break }
            bits |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int64(bitPattern: bits >> 1) ^ -Int64(bits & 1) }
        }
        throw AvroError("the record has a number of more than 64 bits")
    }

    private mutating func littleEndian<Bits: FixedWidthInteger>() throws(AvroError) -> Bits {
        try take(Bits.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Bits($1) }
    }

    private mutating func string() throws(AvroError) -> String {
        let bytes = try take(length("a string"))
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw AvroError("the record has a string that is not UTF-8")
        }
        return string
    }
}
