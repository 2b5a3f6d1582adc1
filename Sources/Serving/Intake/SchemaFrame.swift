import FoundationEssentials

/// How a producer that uses a schema registry says which schema a payload has.
///
/// Confluent's serializers write a zero byte and a 32-bit id before the payload, or put the id into a header.
/// Apicurio's put a 64-bit id into a header.
public struct SchemaFrame: Sendable, Equatable {
    /// What a registry calls a schema.
    public enum Reference: Sendable, Hashable, CustomStringConvertible {
        /// A number.
        case id(UInt64)
        /// A GUID, in lower case with hyphens.
        case guid(String)

        /// `schema 42`.
        public var description: String {
            switch self {
            case .id(let id): "schema \(id)"
            case .guid(let guid): "schema \(guid)"
            }
        }
    }

    /// The schema of the payload.
    public let reference: Reference
    /// Where the payload proper begins: behind the id, or at 0 if a header has the id.
    public let start: Int

    private static let confluentHeader = "__value_schema_id"
    private static let apicurioHeader = "apicurio.value.contentId"

    /// The frame of a message; nil if it has none.
    public init?(_ message: SourceMessage) {
        if let reference = message.headers.lazy.compactMap(Self.reference).first {
            (self.reference, start) = (reference, 0)
        } else if let payload = message.payload, payload.count >= 5, payload[0] == 0 {
            (reference, start) = (.id(Self.number(payload[1..<5])), 5)
        } else {
            return nil
        }
    }

    private static func reference(header: (name: String, value: [UInt8]?)) -> Reference? {
        guard let value = header.value else { return nil }
        switch (header.name, value.first, value.count) {
        case (confluentHeader, 0, 5): return .id(number(value[1...]))
        case (confluentHeader, 1, 17): return .guid(guid(value[1...]))
        case (apicurioHeader, _, 8): return .id(number(value[...]))
        default: return nil
        }
    }

    /// A number with its most significant byte first.
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    /// - Parameter bytes: sixteen of them.
    private static func guid(_ bytes: ArraySlice<UInt8>) -> String {
        UUID(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) }).uuidString.lowercased()
    }
}
