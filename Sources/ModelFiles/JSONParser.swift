/// A recursive-descent parser over UTF-8 bytes, with limits that no real document meets.
public struct JSONParser {
    private var valuesLeft = Self.mostValues
    /// Deeper documents are refused, so that a hostile one does not exhaust the stack.
    private static let deepest = 128
    /// More values are refused, so that a hostile document of some megabytes does not take the machine's memory.
    private static let mostValues = 5_000_000

    /// The document's value.
    public static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        // The closure cannot throw a typed error through withUnsafeBytes, so it returns it.
        let result = bytes.withUnsafeBytes { bytes -> Result<JSONValue, JSONSyntaxError> in
            do throws(JSONSyntaxError) {
                var parser = JSONParser()
                var scanner = JSONScanner(bytes)
                let value = try parser.value(&scanner, depth: 0)
                try scanner.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The value that comes next in a document that is read piece by piece.
    public static func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser()
        return try parser.value(&scanner, depth: 0)
    }

    private mutating func value(_ scanner: inout JSONScanner, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.deepest else { throw scanner.error("nested too deeply") }
        guard valuesLeft > 0 else { throw scanner.error("more than \(Self.mostValues) values") }
        valuesLeft -= 1
        switch scanner.next() {
        case "{": return try object(&scanner, depth: depth)
        case "[": return try array(&scanner, depth: depth)
        case "\"": return .string(try scanner.quoted())
        default: break
        }
        if scanner.takeWord("true") { return .boolean(true) }
        if scanner.takeWord("false") { return .boolean(false) }
        if scanner.takeWord("null") { return .null }
        return .number(try scanner.number())
    }

    private mutating func object(_ scanner: inout JSONScanner, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        try scanner.object { (key, scanner) throws(JSONSyntaxError) in
            members.append((key, try value(&scanner, depth: depth + 1)))
        }
        return .object(members)
    }

    private mutating func array(_ scanner: inout JSONScanner, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        try scanner.array { (scanner) throws(JSONSyntaxError) in elements.append(try value(&scanner, depth: depth + 1)) }
        return .array(elements)
    }
}
