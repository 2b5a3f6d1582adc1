/// A parameter of a statement. The server infers its type from the statement, as in `$1::text[]`; `bytes` is always
/// `bytea`.
public enum PostgresValue: Sendable, Equatable {
    /// NULL of any type.
    case null
    /// Must not contain U+0000.
    case text(String)
    /// For any integer type.
    case integer(Int64)
    /// For any floating-point or numeric type.
    case double(Double)
    /// For `boolean`.
    case boolean(Bool)
    /// For `bytea`.
    case bytes([UInt8])
    /// JSON text for a `json` or `jsonb` parameter.
    case json(String)
    /// Milliseconds since 1970, for a `timestamptz` parameter.
    case timestamp(Int64)
    /// For `text[]`.
    case texts([String?])
    /// For an array of any integer type.
    case integers([Int64?])
    /// For an array of any floating-point type.
    case doubles([Double?])
    /// For `boolean[]`.
    case booleans([Bool?])
    /// For `bytea[]`.
    case byteStrings([[UInt8]?])
    /// Milliseconds since 1970, for a `timestamptz[]` parameter.
    case timestamps([Int64?])
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A floating-point number.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A Boolean.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// NULL.
    public init(nilLiteral: ()) { self = .null }
}

extension PostgresValue: CustomStringConvertible {
    /// The kind only: values must not reach a log.
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
