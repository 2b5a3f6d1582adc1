/// One row. A getter throws `unexpectedResult` if the column is missing or its value has another type. Getters without
/// `optional` throw for NULL too.
public struct PostgresRow: Sendable {
    let result: PostgresResult
    let row: Int32

    /// Whether the value is NULL.
    public func isNull(_ column: String) throws(PostgresError) -> Bool {
        try result.withCell(column, row: row) { $0 == nil }
    }

    /// The text of a column of any type; `nil` is NULL.
    public func optionalText(_ column: String) throws(PostgresError) -> String? {
        try result.withCell(column, row: row) { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    /// The text of a column of any type.
    public func text(_ column: String) throws(PostgresError) -> String {
        try present(optionalText(column), column)
    }

    /// An integer; `nil` is NULL.
    public func optionalInteger(_ column: String) throws(PostgresError) -> Int64? {
        try read(column, "integer") { Int64($0) }
    }

    /// An integer.
    public func integer(_ column: String) throws(PostgresError) -> Int64 {
        try present(optionalInteger(column), column)
    }

    /// A number; `nil` is NULL.
    public func optionalDouble(_ column: String) throws(PostgresError) -> Double? {
        try read(column, "number") { Double($0) }
    }

    /// A number.
    public func double(_ column: String) throws(PostgresError) -> Double {
        try present(optionalDouble(column), column)
    }

    /// A Boolean; `nil` is NULL.
    public func optionalBoolean(_ column: String) throws(PostgresError) -> Bool? {
        try read(column, "boolean") { $0 == "t" ? true : $0 == "f" ? false : nil }
    }

    /// A Boolean.
    public func boolean(_ column: String) throws(PostgresError) -> Bool {
        try present(optionalBoolean(column), column)
    }

    /// A `bytea`; `nil` is NULL.
    public func optionalBytes(_ column: String) throws(PostgresError) -> [UInt8]? {
        try result.withCell(column, row: row) { cell throws(PostgresError) in
            guard let cell else { return nil }
            guard let bytes = PostgresText.bytes(cell) else { throw .unexpected("column '\(column)' is not a bytea") }
            return bytes
        }
    }

    /// A `bytea`.
    public func bytes(_ column: String) throws(PostgresError) -> [UInt8] {
        try present(optionalBytes(column), column)
    }

    /// Milliseconds since 1970; `nil` is NULL. A time without zone counts as UTC. `DateStyle` must be ISO, the default.
    public func optionalTimestamp(_ column: String) throws(PostgresError) -> Int64? {
        try read(column, "time") { PostgresText.milliseconds(timestamp: $0) }
    }

    /// Milliseconds since 1970; a time without zone counts as UTC.
    public func timestamp(_ column: String) throws(PostgresError) -> Int64 {
        try present(optionalTimestamp(column), column)
    }

    // MARK: - Arrays

    /// A one-dimensional array; `nil` is NULL, also within.
    public func optionalTexts(_ column: String) throws(PostgresError) -> [String?]? {
        try read(column, "array") { ArrayLiteral.elements($0.utf8) }
    }

    /// A one-dimensional array; `nil` within is NULL.
    public func texts(_ column: String) throws(PostgresError) -> [String?] {
        try present(optionalTexts(column), column)
    }

    /// An array of integers; `nil` is NULL, also within.
    public func optionalIntegers(_ column: String) throws(PostgresError) -> [Int64?]? {
        try elements(column, "integers") { Int64($0) }
    }

    /// An array of integers; `nil` within is NULL.
    public func integers(_ column: String) throws(PostgresError) -> [Int64?] {
        try present(optionalIntegers(column), column)
    }

    /// An array of numbers; `nil` is NULL, also within.
    public func optionalDoubles(_ column: String) throws(PostgresError) -> [Double?]? {
        try elements(column, "numbers") { Double($0) }
    }

    /// An array of numbers; `nil` within is NULL.
    public func doubles(_ column: String) throws(PostgresError) -> [Double?] {
        try present(optionalDoubles(column), column)
    }

    /// An array of Booleans; `nil` is NULL, also within.
    public func optionalBooleans(_ column: String) throws(PostgresError) -> [Bool?]? {
        try elements(column, "booleans") { $0 == "t" ? true : $0 == "f" ? false : nil }
    }

    /// An array of Booleans; `nil` within is NULL.
    public func booleans(_ column: String) throws(PostgresError) -> [Bool?] {
        try present(optionalBooleans(column), column)
    }

    // MARK: - Conversion

    private func present<Value>(_ value: Value?, _ column: String) throws(PostgresError) -> Value {
        guard let value else { throw .unexpected("column '\(column)' is null") }
        return value
    }

    private func read<Value>(_ column: String, _ kind: String, _ convert: (String) -> Value?) throws(PostgresError)
        -> Value?
    {
        guard let text = try optionalText(column) else { return nil }
        guard let value = convert(text) else { throw .unexpected("column '\(column)' is not of type \(kind)") }
        return value
    }

    private func elements<Value>(
        _ column: String, _ kind: String, _ convert: (String) -> Value?
    ) throws(PostgresError) -> [Value?]? {
        guard let texts = try optionalTexts(column) else { return nil }
        var values: [Value?] = []
        for text in texts {
            let value = text.flatMap(convert)
            if text != nil, value == nil { throw .unexpected("column '\(column)' is not an array of \(kind)") }
            values.append(value)
        }
        return values
    }
}
