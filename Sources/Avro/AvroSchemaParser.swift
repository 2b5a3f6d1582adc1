import JSON

/// Reads schemas of Avro 1.11 from JSON, and gathers the types that they name.
struct AvroSchemaParser {
    typealias Node = AvroSchema.Node

    /// A larger schema is no schema of a topic.
    private static let maximumTypes = 10_000

    /// `nil` while the type is being read: it may contain itself.
    private var types: [AvroSchema.NamedType?] = []
    private var names: [String] = []
    private var indices: [String: Int] = [:]

    /// Reads one schema. The types that it names are known to those read after it.
    mutating func parse(text: String) throws(AvroError) -> Node {
        let value: JSONValue
        do throws(JSONSyntaxError) { value = try JSONParser.parse(Array(text.utf8)) } catch {
            throw AvroError("the schema is not JSON: \(error)")
        }
        return try node(value, namespace: "")
    }

    /// All types, and their full names.
    func result() throws(AvroError) -> ([AvroSchema.NamedType], [String]) {
        let known = types.compactMap(\.self)
        guard known.count == types.count else { throw AvroError("the schema is incomplete") }
        return (known, names)
    }

    // MARK: - Types

    private mutating func node(_ value: JSONValue, namespace: String) throws(AvroError) -> Node {
        switch value {
        case .string(let name): return try simple(name, nil, namespace: namespace)
        case .array(let branches): return try union(branches, namespace: namespace)
        case .object: return try complex(value, namespace: namespace)
        default: throw AvroError("the schema has \(value.summary) where a type must be")
        }
    }

    private mutating func union(_ branches: [JSONValue], namespace: String) throws(AvroError) -> Node {
        var nodes: [Node] = []
        for branch in branches {
            let node = try node(branch, namespace: namespace)
            if case .union = node { throw AvroError("the schema has a union within a union") }
            nodes.append(node)
        }
        return .union(nodes)
    }

    private mutating func complex(_ value: JSONValue, namespace: String) throws(AvroError) -> Node {
        guard let type = value["type"] else { throw AvroError("the schema has a type without \"type\"") }
        guard case .string(let name) = type else { return try node(type, namespace: namespace) }
        switch name {
        case "record", "error": return try record(value, namespace: namespace)
        case "enum": return try enumeration(value, namespace: namespace)
        case "fixed": return try fixed(value, namespace: namespace)
        case "array":
            guard let items = value["items"] else { throw AvroError("the schema has an array without items") }
            return .array(try node(items, namespace: namespace))
        case "map":
            guard let values = value["values"] else { throw AvroError("the schema has a map without values") }
            return .map(try node(values, namespace: namespace))
        default: return try simple(name, value, namespace: namespace)
        }
    }

    private func simple(_ name: String, _ value: JSONValue?, namespace: String) throws(AvroError) -> Node {
        if let primitive = Self.primitive(name, value) { return primitive }
        return try named(name, namespace: namespace)
    }

    private static func primitive(_ name: String, _ value: JSONValue?) -> Node? {
        switch name {
        case "null": .null
        case "boolean": .boolean
        case "int": .int(value.flatMap { logicalType($0, of: .int) })
        case "long": .long(value.flatMap { logicalType($0, of: .long) })
        case "float": .float
        case "double": .double
        case "bytes": .bytes(value.flatMap { logicalType($0, of: .bytes) })
        case "string": .string
        default: nil
        }
    }

    // MARK: - Named types

    /// The type of this name, defined before.
    private func named(_ name: String, namespace: String) throws(AvroError) -> Node {
        let full = name.contains(".") || namespace.isEmpty ? name : "\(namespace).\(name)"
        guard let index = indices[full] ?? indices[name] else {
            throw AvroError("the schema names the type \(name.prefix(100)), which it does not define")
        }
        return .named(index)
    }

    /// Gives a type its name, and its place in the list before it is read.
    private mutating func define(
        _ value: JSONValue, namespace: String
    ) throws(AvroError) -> (index: Int, namespace: String) {
        guard case .string(let name)? = value["name"], !name.isEmpty else {
            throw AvroError("the schema has a record, enum or fixed without a name")
        }
        var space = namespace
        if let dot = name.lastIndex(of: ".") {
            space = String(name[..<dot])
        } else if case .string(let given)? = value["namespace"] {
            space = given
        }
        let full = name.contains(".") || space.isEmpty ? name : "\(space).\(name)"
        guard indices[full] == nil else { throw AvroError("the schema defines the type \(full.prefix(100)) twice") }
        guard types.count < Self.maximumTypes else {
            throw AvroError("the schema has more than \(Self.maximumTypes) named types")
        }
        indices[full] = types.count
        types.append(nil)
        names.append(full)
        return (types.count - 1, space)
    }

    private mutating func record(_ value: JSONValue, namespace: String) throws(AvroError) -> Node {
        let (index, space) = try define(value, namespace: namespace)
        guard case .array(let entries)? = value["fields"] else {
            throw AvroError("the record \(names[index]) of the schema has no fields")
        }
        var fields: [AvroSchema.Field] = []
        for entry in entries {
            guard case .string(let name)? = entry["name"], let type = entry["type"] else {
                throw AvroError("the record \(names[index]) of the schema has a field without name or type")
            }
            fields.append(AvroSchema.Field(name: name, node: try node(type, namespace: space)))
        }
        types[index] = .record(fields)
        return .named(index)
    }

    private mutating func enumeration(_ value: JSONValue, namespace: String) throws(AvroError) -> Node {
        let (index, _) = try define(value, namespace: namespace)
        guard case .array(let entries)? = value["symbols"] else {
            throw AvroError("the enum \(names[index]) of the schema has no symbols")
        }
        var symbols: [String] = []
        for entry in entries {
            guard case .string(let symbol) = entry else {
                throw AvroError("the enum \(names[index]) of the schema has a symbol that is no string")
            }
            symbols.append(symbol)
        }
        types[index] = .enumeration(symbols)
        return .named(index)
    }

    private mutating func fixed(_ value: JSONValue, namespace: String) throws(AvroError) -> Node {
        let (index, _) = try define(value, namespace: namespace)
        guard let size = Self.integer(value["size"]), 0...1 << 30 ~= size else {
            throw AvroError("the fixed \(names[index]) of the schema has no size, or one that cannot be")
        }
        types[index] = .fixed(size: size, Self.logicalType(value, of: .fixed(size)))
        return .named(index)
    }

    // MARK: - Logical types

    private enum Carrier: Equatable {
        case int, long, bytes
        case fixed(Int)
    }

    private static func logicalType(_ value: JSONValue, of carrier: Carrier) -> AvroSchema.LogicalType? {
        guard case .string(let name)? = value["logicalType"] else { return nil }
        switch (name, carrier) {
        case ("decimal", .bytes), ("decimal", .fixed): return decimal(value)
        case ("uuid", .fixed(16)): return .uuid
        case ("duration", .fixed(12)): return .duration
        case ("date", .int): return .date
        case ("time-millis", .int): return .time(.millis)
        case ("time-micros", .long): return .time(.micros)
        case ("timestamp-millis", .long): return .timestamp(.millis, isLocal: false)
        case ("timestamp-micros", .long): return .timestamp(.micros, isLocal: false)
        case ("timestamp-nanos", .long): return .timestamp(.nanos, isLocal: false)
        case ("local-timestamp-millis", .long): return .timestamp(.millis, isLocal: true)
        case ("local-timestamp-micros", .long): return .timestamp(.micros, isLocal: true)
        case ("local-timestamp-nanos", .long): return .timestamp(.nanos, isLocal: true)
        default: return nil
        }
    }

    private static func decimal(_ value: JSONValue) -> AvroSchema.LogicalType? {
        guard let precision = integer(value["precision"]), precision >= 1 else { return nil }
        let scale = value["scale"] == nil ? 0 : integer(value["scale"]) ?? -1
        return 0...min(precision, 1000) ~= scale ? .decimal(scale: scale) : nil
    }

    private static func integer(_ value: JSONValue?) -> Int? {
        // The parser makes every number one of these.
        if case .number(let number)? = value { Int(exactly: number) } else { nil }
    }
}
