import JSON

extension JSONValue {
    /// A scalar: YAML's numbers and truth values are texts too where a text is expected.
    static var scalar: JSONValue { .object([("type", .array(["string", "number", "boolean"].map { .string($0) }))]) }

    /// As ``scalar``, or nothing.
    static var scalarOrNothing: JSONValue {
        .object([("type", .array(["string", "number", "boolean", "null"].map { .string($0) }))])
    }

    /// A text that the environment fills in: what comes of it is known only where the file is read.
    static var reference: JSONValue { .object([("type", .string("string")), ("pattern", .string(referencePattern))]) }

    private static let referencePattern = #"\$\{[^}]+\}"#

    /// A text of this pattern, or one that the environment fills in.
    static func string(matching pattern: String) -> JSONValue {
        .object([("type", .string("string")), ("pattern", .string(pattern + "|" + referencePattern))])
    }

    /// A number, or a text that is one or is filled in.
    static func numberOrText(_ range: ClosedRange<Double>) -> JSONValue {
        .either(
            .object([
                ("type", .string("number")), ("minimum", .short(range.lowerBound)),
                ("maximum", .short(range.upperBound)),
            ]), .string(matching: "^[-+0-9.eE]+$"))
    }

    /// Exactly one of these texts.
    static func names(_ names: [String]) -> JSONValue { .object([("enum", .array(names.map { .string($0) }))]) }

    /// One of these texts, or one that the environment fills in.
    static func choice(among names: [String]) -> JSONValue { .either(.names(names), .reference) }

    /// One of several schemas.
    static func either(_ schemas: JSONValue...) -> JSONValue { .object([("anyOf", .array(schemas))]) }

    /// A list with entries of a schema.
    static func list(of entry: JSONValue, atLeast minimum: Int = 0, areDistinct: Bool = false) -> JSONValue {
        var schema: [(key: String, value: JSONValue)] = [("type", .string("array")), ("items", entry)]
        if minimum > 0 { schema.append(("minItems", .integer(minimum))) }
        if areDistinct { schema.append(("uniqueItems", .boolean(true))) }
        return .object(schema)
    }

    /// A mapping whose keys the user chooses.
    static func mapping(to value: JSONValue, keys pattern: String? = nil, atLeast minimum: Int = 0) -> JSONValue {
        var schema: [(key: String, value: JSONValue)] = [("type", .string("object")), ("additionalProperties", value)]
        if let pattern { schema.append(("propertyNames", .object([("pattern", .string(pattern))]))) }
        if minimum > 0 { schema.append(("minProperties", .integer(minimum))) }
        return .object(schema)
    }

    /// A number, without `.0`.
    static func short(_ value: Double) -> JSONValue {
        value == value.rounded() && abs(value) < 1e15 ? .integer(Int(value)) : .number(value)
    }
}

extension JSONValue {
    /// The document with one member or element per line; short ones of scalars stay on one.
    func indented(by depth: Int = 0) -> String {
        let (inner, outer) = (String(repeating: "  ", count: depth + 1), String(repeating: "  ", count: depth))
        func block(_ open: String, _ lines: [String], _ close: String) -> String {
            "\(open)\n" + lines.map { inner + $0 }.joined(separator: ",\n") + "\n\(outer)\(close)"
        }
        switch self {
        case .array(let elements) where elements.contains { !$0.isScalar }:
            return block("[", elements.map { $0.indented(by: depth + 1) }, "]")
        case .object(let members) where !members.isEmpty:
            return block("{", members.map { "\(JSONValue.string($0).text): \($1.indented(by: depth + 1))" }, "}")
        default: return text
        }
    }

    private var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
