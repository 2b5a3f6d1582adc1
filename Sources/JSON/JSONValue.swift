/// A JSON value. Objects keep the order and the duplicates of their keys; keys are compared by bytes.
///
/// Foundation's parsers lose duplicates and equate keys that differ only in Unicode form, as two tokens of a vocabulary
/// may.
public indirect enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// Written without loss. The parser makes every number a ``number(_:)``.
    case integer(Int)
    /// Written with the fewest digits that read back as the same number; as null if it is not finite.
    case number(Double)
    /// A string, without its escapes.
    case string(String)
    /// The elements in order.
    case array([JSONValue])
    /// The members in order.
    case object([(key: String, value: JSONValue)])

    /// The first member with this key; nil if there is none or this is not an object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The value as JSON, shortened for error messages.
    public var summary: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): Int32(exactly: value).map { "\($0)" } ?? "\(value)"
        case .string(let value): "\"\(value.prefix(40))\""
        case .array: "[…]"
        case .object: "{…}"
        }
    }

    /// A key that occurs twice in one object, at any depth; nil if there is none.
    ///
    /// Parsers differ in which of the two values they take.
    public var repeatedKey: String? {
        switch self {
        case .object(let members):
            var known: Set<[UInt8]> = []
            for (key, value) in members {
                guard known.insert(Array(key.utf8)).inserted else { return key }
                if let inner = value.repeatedKey { return inner }
            }
            return nil
        case .array(let elements):
            for element in elements { if let key = element.repeatedKey { return key } }
            return nil
        default: return nil
        }
    }
}

/// A JSON value that is neither an object nor an array.
public enum JSONScalar: Sendable, Equatable {
    /// A string, without its escapes.
    case string(String)
    /// Infinite if it is too large for a `Double`.
    case number(Double)
    /// `true` or `false`.
    case boolean(Bool)
    /// `null`.
    case null
}
