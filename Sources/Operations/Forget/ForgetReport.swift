import Connectors

/// What `lorikeet forget` removed, or would remove.
public struct ForgetReport: Sendable, Equatable {
    /// A version of a task's adapter.
    public struct Adapter: Sendable, Equatable {
        /// The task.
        public let task: String
        /// The version.
        public let version: Int
        /// Its state in the registry.
        public let state: String
        /// How many of the texts it was trained on, as far as 32 bits of each say.
        public var texts = 0
    }

    /// Whether nothing was removed.
    public let isDryRun: Bool
    /// Records that were found.
    public var records = 0
    /// Different texts that were found, or given.
    public var texts = 0
    /// Records whose text is not stored any more: whether an adapter was trained on it cannot be said.
    public var recordsWithoutText = 0
    /// Rows by table.
    public var rows: [ForgottenTable: Int] = [:]
    /// Adapters that were trained on the texts.
    public var adapters: [Adapter] = []
    /// Adapters of which it is unknown.
    public var unknownAdapters: [Adapter] = []
    /// Adapters that were also distilled from a champion: nobody knows on which texts without a label.
    public var distilledAdapters: [Adapter] = []
    /// Tasks that are retrained at this moment, perhaps on the texts.
    public var runningRetrainings: [String] = []

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    mutating func add(_ more: [ForgottenTable: Int]) { rows.merge(more, uniquingKeysWith: +) }
}
