/// A schema as a registry has it.
public struct RegisteredSchema: Sendable, Equatable {
    /// The language of a schema.
    public enum Kind: Sendable, Equatable {
        /// Apache Avro.
        case avro
        /// JSON Schema.
        case json
        /// Protocol Buffers.
        case protobuf
    }

    /// Its language.
    public let kind: Kind
    /// Its text.
    public let text: String
    /// The texts of the schemas that it names, each after those that it names itself.
    public let references: [String]

    /// - Parameters: as the properties.
    public init(kind: Kind, text: String, references: [String] = []) {
        (self.kind, self.text, self.references) = (kind, text, references)
    }
}
