/// Why a registry gave no schema. Holds no credentials.
public struct RegistryError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What a caller can do about it.
    public enum Kind: String, Sendable {
        /// It gave no answer, or one that will change: ask again later.
        case unavailable
        /// It refuses this user or password.
        case refused = "unauthorized"
        /// It has no such schema.
        case unknown = "unknown-schema"
        /// Its answer is no schema, or is too large.
        case unusable = "unusable-schema"
        /// The settings cannot be used at all.
        case invalid = "invalid-settings"
    }

    /// What a caller can do about it.
    public let kind: Kind
    /// One clause.
    public let reason: String

    /// - Parameters: as the properties.
    public init(_ kind: Kind, _ reason: String) { (self.kind, self.reason) = (kind, reason) }

    /// The reason.
    public var description: String { reason }
}
