/// Parses JSON documents, within limits that no real document reaches.
public struct JSONParser {
    /// More values are refused, so that a hostile document of some megabytes does not exhaust memory.
    private static let maximumValues = 5_000_000
    private var valuesLeft = Self.maximumValues

    /// Parses a whole document in UTF-8.
    public static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        // The closure cannot throw a typed error through withUnsafeBytes, so it returns it.
        let result = bytes.withUnsafeBytes { bytes -> Result<JSONValue, JSONSyntaxError> in
            do throws(JSONSyntaxError) {
                var parser = JSONParser()
                var scanner = JSONScanner(bytes)
                let value = try parser.value(&scanner)
                try scanner.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Parses the next value of a document that is read piece by piece.
    public static func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser()
        return try parser.value(&scanner)
    }

    private mutating func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> JSONValue {
        guard valuesLeft > 0 else { throw scanner.error("more than \(Self.maximumValues) values") }
        valuesLeft -= 1
        switch scanner.next() {
        case "{": return try object(&scanner)
        case "[": return try array(&scanner)
        default: break
        }
        switch try scanner.scalar() {
        case .null: return .null
        case .boolean(let value): return .boolean(value)
        case .number(let value):
            guard value.isFinite else { throw scanner.error("number too large") }
            return .number(value)
        case .string(let value): return .string(value)
        }
    }

    private mutating func object(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        try scanner.object { (key, scanner) throws(JSONSyntaxError) in
            members.append((key, try value(&scanner)))
        }
        return .object(members)
    }

    private mutating func array(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        try scanner.array { (scanner) throws(JSONSyntaxError) in elements.append(try value(&scanner)) }
        return .array(elements)
    }
}
