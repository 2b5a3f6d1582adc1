/// An adapter that went live while a command ran.
public struct AdapterReplacement: Sendable, Codable, Equatable {
    /// The task.
    public var task: String
    /// Digest of the adapter that was live before.
    public var from: String
    /// Digest of the adapter that is live.
    public var to: String
}
