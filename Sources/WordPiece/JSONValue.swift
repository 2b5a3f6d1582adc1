/// A JSON document, parsed strictly. Objects keep the order and the duplicates of their keys; keys are compared by bytes.
///
/// Foundation's parsers lose duplicates and equate keys that differ only in Unicode form: two tokens of a vocabulary may.
indirect enum JSONValue {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The first value under this key; nil where this is no object.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// As JSON would show it, shortened: for error messages.
    var summary: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(let value): Int32(exactly: value).map { "\($0)" } ?? "\(value)"
        case .string(let value): "\"\(value.prefix(40))\""
        case .array: "[…]"
        case .object: "{…}"
        }
    }
}
