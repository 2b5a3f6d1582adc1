/// Why a schema or a record is not Avro. Names types and fields, never values.
public struct AvroError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One clause.
    public let reason: String

    /// - Parameter reason: one clause.
    public init(_ reason: String) { self.reason = reason }

    /// The reason.
    public var description: String { reason }
}
