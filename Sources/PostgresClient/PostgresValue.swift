/// A parameter of a statement. The server infers the type from the place where it stands (`$1::text[]` says it outright), `bytes` excepted, which is
/// always `bytea`.
public enum PostgresValue: Sendable, Equatable {
    case null
    case text(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case bytes([UInt8])
    /// JSON text for a `json` or `jsonb` parameter.
    case json(String)
    /// Milliseconds since 1970, for a `timestamptz` parameter.
    case timestamp(Int64)
    case texts([String?])
    case integers([Int64?])
    case doubles([Double?])
    case booleans([Bool?])
    case byteStrings([[UInt8]?])
    /// Milliseconds since 1970, for a `timestamptz[]` parameter.
    case timestamps([Int64?])
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(nilLiteral: ()) { self = .null }
}

extension PostgresValue: CustomStringConvertible {
    /// The kind only: values never reach a log.
    public var description: String {
        switch self {
        case .null: "null"
        case .text: "text"
        case .integer: "integer"
        case .double: "double"
        case .boolean: "boolean"
        case .bytes: "bytes"
        case .json: "json"
        case .timestamp: "timestamp"
        case .texts(let values): "texts(\(values.count))"
        case .integers(let values): "integers(\(values.count))"
        case .doubles(let values): "doubles(\(values.count))"
        case .booleans(let values): "booleans(\(values.count))"
        case .byteStrings(let values): "byteStrings(\(values.count))"
        case .timestamps(let values): "timestamps(\(values.count))"
        }
    }
}
