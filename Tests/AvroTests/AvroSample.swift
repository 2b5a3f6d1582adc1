import JSON
import TestSupport

/// A random type of Avro, as its schema says it.
indirect enum AvroType {
    case null, boolean, int, long, float, double, bytes, string
    case array(AvroType)
    case map(AvroType)
    case union([AvroType])
    case record(String, [(name: String, type: AvroType)])
    case enumeration(String, [String])
    case fixed(String, Int)

    var schema: JSONValue {
        func named(_ kind: String, _ name: String, _ rest: (key: String, value: JSONValue)) -> JSONValue {
            .object([("type", .string(kind)), ("name", .string(name)), rest])
        }
        switch self {
        case .null: return .string("null")
        case .boolean: return .string("boolean")
        case .int: return .string("int")
        case .long: return .string("long")
        case .float: return .string("float")
        case .double: return .string("double")
        case .bytes: return .string("bytes")
        case .string: return .string("string")
        case .array(let items): return .object([("type", .string("array")), ("items", items.schema)])
        case .map(let values): return .object([("type", .string("map")), ("values", values.schema)])
        case .union(let branches): return .array(branches.map(\.schema))
        case .record(let name, let fields):
            let entries = fields.map {
                JSONValue.object([("name", .string($0.name)), ("type", $0.type.schema)])
            }
            return named("record", name, ("fields", .array(entries)))
        case .enumeration(let name, let symbols):
            return named("enum", name, ("symbols", .array(symbols.map { .string($0) })))
        case .fixed(let name, let size): return named("fixed", name, ("size", .integer(size)))
        }
    }
}

/// A value of a random type.
indirect enum AvroSample {
    case null
    case boolean(Bool)
    case int(Int32)
    case long(Int64)
    case float(Float)
    case double(Double)
    case bytes([UInt8])
    case string(String)
    case array([AvroSample])
    case map([(key: String, value: AvroSample)])
    case branch(Int, AvroSample)
    case fields([(name: String, value: AvroSample)])
    case symbol(Int, String)
    case fixed([UInt8])

    /// What the decoder makes of it.
    var expected: JSONValue {
        switch self {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .int(let value): .integer(Int(value))
        case .long(let value): .integer(Int(value))
        case .float(let value): .number(Double(value))
        case .double(let value): .number(value)
        // The samples are ASCII, so bytes are text.
        case .bytes(let value), .fixed(let value): .string(String(decoding: value, as: UTF8.self))
        case .string(let value), .symbol(_, let value): .string(value)
        case .array(let values): .array(values.map(\.expected))
        case .map(let members): .object(members.map { ($0.key, $0.value.expected) })
        case .branch(_, let value): value.expected
        case .fields(let fields): .object(fields.map { ($0.name, $0.value.expected) })
        }
    }
}

/// Makes types and values; every seed makes others.
struct AvroGenerator {
    var random: TestRandom
    private var names = 0

    init(seed: UInt64) { random = TestRandom(seed: seed) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func name() -> String {
        names += 1
        return "T\(names)"
    }

    mutating func type(depth: Int = 4) -> AvroType {
        switch number(0...(depth > 0 ? 13 : 7)) {
        case 0: return .null
        case 1: return .boolean
        case 2: return .int
        case 3: return .long
        case 4: return .float
        case 5: return .double
        case 6: return .bytes
        case 7: return .string
        case 8: return .array(type(depth: depth - 1))
        case 9: return .map(type(depth: depth - 1))
        case 10: return .union([.null, .string, .long, record(depth: depth - 1)])
        case 11: return .enumeration(name(), ["RED", "GREEN", "BLUE"])
        case 12: return .fixed(name(), number(1...20))
        default: return record(depth: depth - 1)
        }
    }

    mutating func record(depth: Int) -> AvroType {
        let name = name()
        return .record(name, (0..<number(1...4)).map { ("f\($0)", type(depth: depth)) })
    }

    private mutating func ascii(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(number(0x20...0x7E)) } }

    mutating func sample(of type: AvroType) -> AvroSample {
        switch type {
        case .null: return .null
        case .boolean: return .boolean(number(0...1) == 1)
        case .int: return .int([0, -1, .min, .max, Int32(number(-1000...1000))][number(0...4)])
        case .long: return .long([0, 1, .min, .max, Int64.random(in: .min ... .max, using: &random)][number(0...4)])
        case .float: return .float(Float(number(-1000...1000)) / 8)
        case .double: return .double(Double(number(-100_000...100_000)) / 1024)
        case .bytes: return .bytes(ascii(number(0...100)))
        case .string:
            return .string(["", "é♞", String(decoding: ascii(number(0...200)), as: UTF8.self)][number(0...2)])
        case .array(let items): return .array((0..<number(0...4)).map { _ in sample(of: items) })
        case .map(let values): return .map((0..<number(0...4)).map { ("key \($0)", sample(of: values)) })
        case .union(let branches):
            let index = number(0...branches.count - 1)
            return .branch(index, sample(of: branches[index]))
        case .record(_, let fields): return .fields(fields.map { ($0.name, sample(of: $0.type)) })
        case .enumeration(_, let symbols):
            let index = number(0...symbols.count - 1)
            return .symbol(index, symbols[index])
        case .fixed(_, let size): return .fixed(ascii(size))
        }
    }
}
