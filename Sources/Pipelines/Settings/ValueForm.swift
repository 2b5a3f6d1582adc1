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

extension ValueForm where Value == String {
    /// A file, read as an absolute path.
    static var file: ValueForm {
        ValueForm(schema: .scalar, words: "path", read: { $0.file() }, write: { .string($0) })
    }

    /// The address of a server that speaks HTTP.
    static var httpAddress: ValueForm {
        ValueForm(
            schema: .string(matching: "^https?://[^@]+$"), words: "URL", read: { $0.httpAddress() },
            write: { .string($0) })
    }
}

extension ValueForm where Value == Secret {
    /// A text that no message may show.
    static func secret(_ expected: String) -> ValueForm {
        ValueForm(
            schema: .scalar, words: "text", read: { $0.text(expected).map { Secret($0) } },
            write: { .string($0.description) })
    }

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

extension [String] {
    /// The texts as code in Markdown, separated by commas.
    var quoted: String { map { "`\($0)`" }.joined(separator: ", ") }
}
