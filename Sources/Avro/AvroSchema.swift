import JSON

/// A schema of Apache Avro, as a writer used it. Named types may contain themselves.
public struct AvroSchema: Sendable {
    /// A type at one place of a schema.
    indirect enum Node: Sendable, Equatable {
        case null, boolean
        case int(LogicalType?)
        case long(LogicalType?)
        case float, double
        case bytes(LogicalType?)
        case string
        case array(Node)
        case map(Node)
        case union([Node])
        /// An index into ``AvroSchema/types``.
        case named(Int)
    }

    /// A type that has a name.
    enum NamedType: Sendable, Equatable {
        case record([Field])
        case enumeration([String])
        case fixed(size: Int, LogicalType?)
    }

    struct Field: Sendable, Equatable {
        let name: String
        let node: Node
    }

    /// What a value means beyond its type. A logical type that is unknown, or stands at another type, means nothing.
    enum LogicalType: Sendable, Equatable {
        case decimal(scale: Int)
        case uuid
        case date
        case time(Fraction)
        case timestamp(Fraction, isLocal: Bool)
        case duration
    }

    /// Digits of the fraction of a second.
    enum Fraction: Int, Sendable {
        case millis = 3
        case micros = 6
        case nanos = 9
    }

    let root: Node
    let types: [NamedType]
    let names: [String]

    /// - Parameters:
    ///   - text: the schema, in JSON.
    ///   - references: the schemas whose types it names, each after those that it names itself.
    public init(_ text: String, references: [String] = []) throws(AvroError) {
        var parser = AvroSchemaParser()
        for reference in references { _ = try parser.parse(text: reference) }
        root = try parser.parse(text: text)
        (types, names) = try parser.result()
    }
}
