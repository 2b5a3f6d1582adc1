/// A JSON document, parsed strictly. Objects keep the order and the duplicates of their keys; keys are compared by bytes.
///
/// Foundation's parsers lose duplicates and equate keys that differ only in Unicode form: two tokens of a vocabulary may.
public indirect enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    /// Written without loss; the parser gives numbers only.
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The first value under this key; nil where this is no object.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// As JSON would show it, shortened: for error messages.
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
    /// Parsers differ in which of two values they take, so a document that says both says nothing.
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
