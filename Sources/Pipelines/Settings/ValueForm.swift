import JSON

/// What a key may hold: how its value is read, how JSON Schema describes it, and how the key table does.
struct ValueForm<Value: Sendable>: Sendable {
    /// A schema of JSON Schema, draft 7.
    let schema: JSONValue
    /// The column "values" of the key table, in Markdown.
    let words: String
    /// Reads a value; nil after it added a problem.
    let read: @Sendable (ConfigurationValue) -> Value?
    /// A value as the file would have it.
    let write: @Sendable (Value) -> JSONValue
}

extension ValueForm where Value == String {
    /// Any scalar, as text.
    static func text(_ expected: String, mayBeEmpty: Bool = false) -> ValueForm {
        ValueForm(
            schema: .scalar, words: "text", read: { $0.text(expected, mayBeEmpty: mayBeEmpty) }, write: { .string($0) })
    }

    /// A text without blanks.
    static var name: ValueForm {
        ValueForm(schema: .scalar, words: "name without blanks", read: { $0.name() }, write: { .string($0) })
    }

    /// A folder, read as an absolute path.
    static var folder: ValueForm {
        ValueForm(schema: .scalar, words: "path", read: { $0.folder() }, write: { .string($0) })
    }
}

extension ValueForm where Value == Secret {
    /// A libpq connection string.
    static var connectionString: ValueForm {
        ValueForm(
            schema: .scalar, words: "connection string or URL",
            read: { $0.text("a connection string").map { Secret($0) } },
            write: { .string($0.description) })
    }
}

extension ValueForm where Value == Int {
    /// A whole number.
    static func integer(_ range: ClosedRange<Int>) -> ValueForm {
        let isOpen = range.upperBound == .max
        var schema: [(key: String, value: JSONValue)] = [
            ("type", .string("integer")), ("minimum", .integer(range.lowerBound)),
        ]
        if !isOpen { schema.append(("maximum", .integer(range.upperBound))) }
        return ValueForm(
            schema: .either(.object(schema), .string(matching: "^[0-9_]+$")),
            words: isOpen ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)",
            read: { $0.integer(range) }, write: { .integer($0) })
    }
}

extension ValueForm where Value == Double {
    /// A number.
    static func number(_ range: ClosedRange<Double>) -> ValueForm {
        ValueForm(
            schema: .numberOrText(range), words: "\(range.lowerBound.short) to \(range.upperBound.short)",
            read: { $0.number(range) }, write: { .short($0) })
    }
}

extension ValueForm where Value == Duration {
    /// A duration such as `20ms`.
    static func duration(_ range: ClosedRange<Duration>) -> ValueForm {
        let bounds = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        return ValueForm(
            schema: .string(matching: DurationText.pattern), words: bounds,
            read: { $0.duration(range) }, write: { .string(DurationText.format($0)) })
    }
}

extension ValueForm where Value == Bool {
    /// `true` or `false`.
    static var flag: ValueForm {
        ValueForm(
            schema: .either(.object([("type", .string("boolean"))]), .string(matching: "^(true|false)$")),
            words: "`true`, `false`", read: { $0.flag() }, write: { .boolean($0) })
    }
}

extension ValueForm where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the raw values of an enumeration.
    static var choice: ValueForm {
        let values = Value.allCases.map(\.rawValue)
        return ValueForm(
            schema: .choice(among: values), words: values.quoted, read: { $0.choice(Value.self) },
            write: { .string($0.rawValue) })
    }
}

// MARK: - Schemas of values

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

extension [String] {
    /// The texts as code in Markdown, separated by commas.
    var quoted: String { map { "`\($0)`" }.joined(separator: ", ") }
}
