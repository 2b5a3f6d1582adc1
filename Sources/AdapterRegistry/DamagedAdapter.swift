/// The content stored under a digest does not have that digest: the rows were changed by hand, or the disk is failing.
public struct DamagedAdapter: Error, Sendable, Equatable, CustomStringConvertible {
    /// The digest that it is stored under.
    public let digest: String
    /// What is wrong, as a clause.
    public let reason: String

    /// - Parameters: as the properties.
    public init(digest: String, reason: String) { (self.digest, self.reason) = (digest, reason) }

    /// The digest, shortened, and the reason.
    public var description: String { "adapter \(digest.prefix(12)) in lorikeet.adapters is damaged: \(reason)" }
}
